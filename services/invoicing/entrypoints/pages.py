"""Pages of invoicing: an invoice as it is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from services.invoicing.adapters import documents
from services.invoicing.usecases.read_invoices import find
from shared.contracts.refusal import Refused
from shared.runtime.api import answered, bearer
from shared.runtime.problems import Problem
from shared.storage.tx import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from shared.runtime.service import Host

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}
"""The page carries its few styles itself, as its file does; it loads nothing and runs nothing."""


def pages(host: Host) -> Sequence[BaseRoute]:
    async def invoice(request: Request) -> Response:
        return await answered(request, show)

    async def show(request: Request, correlation_id: str) -> Response:
        principal = bearer(request, host.settings.tokens, "staff")
        try:
            async with host.transaction(Cause(correlation_id, None, principal.name)) as tx:
                standing = await find(tx, request.path_params["invoice_id"])
        except Refused as refused:
            raise Problem(refused.status, refused.code, refused.detail) from None
        return HTMLResponse(documents.as_html(standing.invoice), headers=_HEADERS)

    return [Route("/api/invoicing/invoices/{invoice_id}.html", invoice, name="invoice")]
