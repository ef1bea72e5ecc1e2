"""An enrolment's invoices and credit notes as its contact sees them: a part of the page of where it stands, or alone.

The way here is a pass of that page, good for some hours. Nothing can be changed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.invoicing.domain.standing import word
from services.invoicing.usecases.read_documents import read_as_file
from services.invoicing.usecases.read_own_invoices import OwnInvoices, read_own_document, read_own_invoices
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.contracts.danish import kroner, short_day
from shared.runtime.service import Host
from shared.web.safety import SECRET_ADDRESS

_NEXT_PAGE = "fra"
_MEDIA_TYPES = {"pdf": "application/pdf", "xml": "application/xml"}


async def invoices(host: Host, request: Request) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(_NEXT_PAGE)) else {}
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_own_invoices(tx, request.path_params["token"], asked)
    if found is None:
        return _closed(host)
    values: dict[str, Any] = {"rows": list(_rows(found)), "path": found.path, "following": found.following}
    headers = {**SECRET_ADDRESS, "Vary": "HX-Request", "Cache-Control": "no-store"}
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(host.pages.fragment("invoicing/own_invoices.html", "part", **values), headers=headers)
    return host.pages.render("invoicing/own_invoices.html", headers=headers, **values)


async def document(host: Host, request: Request) -> Response:
    """The PDF, or the e-invoice, as it was issued."""
    suffix = request.path_params["suffix"]
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        issued = await read_own_document(tx, request.path_params["token"], request.path_params["document_id"])
    if issued is None or suffix not in _MEDIA_TYPES:
        return _closed(host)
    made = await read_as_file(issued, suffix)
    shown = "inline" if suffix == "pdf" else "attachment"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f"{shown}; filename*=UTF-8''{made.name}"}
    return Response(made.content, headers={**SECRET_ADDRESS, **headers}, media_type=_MEDIA_TYPES[suffix])


def _closed(host: Host) -> Response:
    return host.pages.render("invoicing/closed_invoices.html", status=404, headers=SECRET_ADDRESS)


def _rows(found: OwnInvoices) -> Iterator[dict[str, Any]]:
    """Each invoice, and after it what it was credited by."""
    for one in found.found:
        invoice, left = one.standing.invoice, one.standing.outstanding_ore
        yield {
            "number": invoice.id,
            "kind": "Faktura",
            "day": short_day(invoice.issued_on),
            "amount": kroner(invoice.gross_ore),
            "word": word(one.standing, found.today),
            "more": _more(left, invoice.gross_ore, short_day(invoice.due_on)),
            "sent_to": one.sent_to,
            "file": None if one.sent_to else f"{found.path}/{invoice.id}",
        }
        for note in one.notes:
            yield {
                "number": note.id,
                "kind": "Kreditnota",
                "day": short_day(note.issued_on),
                "amount": kroner(-note.credited_ore),
                "word": f"Krediterer faktura {invoice.id}",
                "more": "",
                "sent_to": one.sent_to,
                "file": None if one.sent_to else f"{found.path}/{note.id}",
            }


def _more(left: int, whole: int, due: str) -> str:
    """What is still to be paid, and by when."""
    if left < 0:
        return f"{kroner(-left)} til gode"
    if left == 0:
        return ""
    return f"betales senest {due}" if left == whole else f"mangler {kroner(left)}, betales senest {due}"
