"""Invoices and credit notes as they are printed, for whoever has a token that shows them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.invoicing.domain.from_invoice import Issued
from services.invoicing.usecases.read_documents import (
    read_as_file,
    read_as_page,
    read_issued_credit_note,
    read_issued_invoice,
)
from shared.base.cause import Cause
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.api import answered, bearer

FILE_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""A document's page carries its few styles itself, as its file does; it loads nothing and runs nothing."""

_MEDIA_TYPES = {"xml": "application/xml", "pdf": "application/pdf"}
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": FILE_CSP}


async def invoice(host: Host, request: Request) -> Response:
    return await _printed(host, request, read_issued_invoice, "invoicing.invoices")


async def credit_note(host: Host, request: Request) -> Response:
    return await _printed(host, request, read_issued_credit_note, "invoicing.credit-notes")


async def invoice_file(suffix: str, host: Host, request: Request) -> Response:
    return await _filed(suffix, host, request, read_issued_invoice, "invoicing.invoices")


async def credit_note_file(suffix: str, host: Host, request: Request) -> Response:
    return await _filed(suffix, host, request, read_issued_credit_note, "invoicing.credit-notes")


async def _printed(host: Host, request: Request, find: Callable[[Tx, str], Awaitable[Issued]], scope: str) -> Response:
    async def show(request: Request, correlation_id: str) -> Response:
        issued = await _issued(host, request, find, scope, correlation_id)
        return HTMLResponse(read_as_page(issued), headers=_HEADERS)

    return await answered(request, show)


async def _filed(
    suffix: str, host: Host, request: Request, find: Callable[[Tx, str], Awaitable[Issued]], scope: str
) -> Response:
    """The e-invoice (`xml`), or the PDF, as it was issued: the same document gives the same bytes."""

    async def show(request: Request, correlation_id: str) -> Response:
        file = await read_as_file(await _issued(host, request, find, scope, correlation_id), suffix)
        return Response(file.content, media_type=_MEDIA_TYPES[suffix], headers=_HEADERS)

    return await answered(request, show)


async def _issued(
    host: Host, request: Request, find: Callable[[Tx, str], Awaitable[Issued]], scope: str, correlation_id: str
) -> Issued:
    principal = await bearer(request, host.keyring, scope, correlation_id)
    try:
        async with host.transaction(Cause(correlation_id, None, principal.actor)) as tx:
            return await find(tx, request.path_params["document_id"])
    except Refused as refused:
        raise Problem(refused.status, refused.code, refused.detail) from None
