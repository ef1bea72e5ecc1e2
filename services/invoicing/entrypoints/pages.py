"""Pages of invoicing: invoices and credit notes as they are printed, and where staff credit an invoice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from services.invoicing.adapters import documents
from services.invoicing.adapters.documents import Issued
from services.invoicing.entrypoints.invoice_pages import FILE_CSP, invoice_pages
from services.invoicing.usecases.read_credit_notes import find_credit_note
from services.invoicing.usecases.read_invoices import find
from shared.base.cause import Cause
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.api import answered, bearer

_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": FILE_CSP}


def pages(host: Host) -> Sequence[BaseRoute]:
    def printed(path: str, name: str, load: Callable[[Tx, str], Awaitable[Issued]]) -> Route:
        async def show(request: Request, correlation_id: str) -> Response:
            principal = bearer(request, host.settings.tokens, "staff")
            try:
                async with host.transaction(Cause(correlation_id, None, principal.name)) as tx:
                    issued = await load(tx, request.path_params["document_id"])
            except Refused as refused:
                raise Problem(refused.status, refused.code, refused.detail) from None
            return HTMLResponse(documents.as_html(issued), headers=_HEADERS)

        async def page(request: Request) -> Response:
            return await answered(request, show)

        return Route(path, page, name=name)

    return [
        printed("/api/invoicing/invoices/{document_id}.html", "invoice", _invoice),
        printed("/api/invoicing/credit-notes/{document_id}.html", "credit_note", find_credit_note),
        *invoice_pages(host),
    ]


async def _invoice(tx: Tx, invoice_id: str) -> Issued:
    return (await find(tx, invoice_id)).invoice
