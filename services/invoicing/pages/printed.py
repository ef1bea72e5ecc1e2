"""Invoices and credit notes as they are printed, for whoever has a token of staff."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.invoicing.adapters import documents
from services.invoicing.adapters.documents import Issued
from services.invoicing.usecases.read_documents import read_issued_credit_note, read_issued_invoice
from shared.base.cause import Cause
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.api import answered, bearer

FILE_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""A document's page carries its few styles itself, as its file does; it loads nothing and runs nothing."""

_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": FILE_CSP}


class Printed:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def invoice(self, request: Request) -> Response:
        return await self._printed(request, read_issued_invoice)

    async def credit_note(self, request: Request) -> Response:
        return await self._printed(request, read_issued_credit_note)

    async def _printed(self, request: Request, load: Callable[[Tx, str], Awaitable[Issued]]) -> Response:
        async def show(request: Request, correlation_id: str) -> Response:
            principal = bearer(request, self._host.settings.tokens, "staff")
            try:
                async with self._host.transaction(Cause(correlation_id, None, principal.name)) as tx:
                    issued = await load(tx, request.path_params["document_id"])
            except Refused as refused:
                raise Problem(refused.status, refused.code, refused.detail) from None
            return HTMLResponse(documents.as_html(issued), headers=_HEADERS)

        return await answered(request, show)
