"""Where staff see an invoice and credit it, by a link that is theirs for the day, and where a customer gets its PDF.

It works without JavaScript.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.invoicing.domain.from_invoice import Issued
from services.invoicing.pages.printed import FILE_CSP
from services.invoicing.usecases.read_documents import HandedOn, read_as_file, read_linked_document
from services.invoicing.usecases.read_linked_invoices import LinkedInvoice, read_linked_invoice
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.problems import Problem
from shared.contracts.invoicing import CreditInvoice
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"reason": "Begrundelse", "lines": "Linjer"}
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xml": "application/xml",
    "json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Visit:
    token: str
    shown: LinkedInvoice

    @property
    def path(self) -> str:
        return f"/invoicing/fakturaer/{self.token}"


async def invoice(host: Host, credit: Act, request: Request) -> Response:
    """The form on it asks for a credit note."""
    visit = await _visit(host, request)
    if visit is None:
        return _dead_link(host)
    if request.method == "GET":
        removed = [one.line.claim_id for one in visit.shown.lines if one.removed and one.left_ore]
        form = Form(values={"lines": removed}, labels=_LABELS)
        return _page(host, visit, form, done=request.query_params.get("kreditnota"))
    form = await read_form(request, labels=_LABELS)
    command = form.command(
        CreditInvoice,
        invoice_id=visit.shown.standing.id,
        credit_id=f"form-{form.key}",
        reason=form.value("reason"),
        lines=[{"claim_id": claim_id} for claim_id in form.chosen("lines")],
    )
    if command is None:
        return _page(host, visit, form, 422)
    reply = await host.door.submit(credit, command, form.key, actor=visit.shown.actor, patient=True)
    if (refused := reply.refusal()) is None:
        number = reply.json()["credit_note_id"]
        return RedirectResponse(f"{visit.path}?kreditnota={number}", 303, headers=SECRET_ADDRESS)
    # What was refused may be that somebody else has just credited it: the page shows it as it is now.
    again = await _visit(host, request)
    return _page(host, again or visit, form.refuse(refused), refused.status)


async def file(host: Host, request: Request) -> Response:
    """A file of this invoice, or of a credit note of it; of no other."""
    visit = await _visit(host, request)
    if visit is None:
        return _dead_link(host)
    suffix, asked = request.path_params["suffix"], request.path_params["document_id"]
    known: dict[str, Issued] = {note.id: note for note in visit.shown.notes}
    known[visit.shown.standing.id] = visit.shown.standing.invoice
    if asked not in known or suffix not in MEDIA_TYPES:
        raise Problem(404, "not_found")
    made = await read_as_file(known[asked], suffix)
    headers = {**SECRET_ADDRESS, "Cache-Control": "no-store"}
    if suffix == "html":
        headers["Content-Security-Policy"] = FILE_CSP
    else:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{made.name}"
    return Response(made.content, headers={**headers, "Content-Type": MEDIA_TYPES[suffix]})


async def mailed(host: Host, request: Request) -> Response:
    """The PDF that a mail links to; or a page that says that whoever it was mailed to is written to no more."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        issued = await read_linked_document(tx, request.path_params["token"])
    if issued is None:
        return host.pages.render("invoicing/broken_link.html", status=404, headers=SECRET_ADDRESS)
    if isinstance(issued, HandedOn):
        return host.pages.render(
            "invoicing/handed_on.html", status=410, headers=SECRET_ADDRESS, invoice=issued.invoice, closed=issued.closed
        )
    made = await read_as_file(issued, "pdf")
    headers = {"Cache-Control": "no-store", "Content-Disposition": f"inline; filename*=UTF-8''{made.name}"}
    return Response(made.content, headers={**SECRET_ADDRESS, **headers}, media_type=MEDIA_TYPES["pdf"])


async def _visit(host: Host, request: Request) -> Visit | None:
    """None when the link is no good, or not any more."""
    token = request.path_params["token"]
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        shown = await read_linked_invoice(tx, token)
    return None if shown is None else Visit(token, shown)


def _dead_link(host: Host) -> Response:
    return host.pages.render("invoicing/dead_link.html", status=404, headers=SECRET_ADDRESS)


def _page(host: Host, visit: Visit, form: Form, status: int = 200, done: str | None = None) -> Response:
    shown = visit.shown
    values: dict[str, Any] = {
        "standing": shown.standing,
        "invoice": shown.standing.invoice,
        "lines": shown.lines,
        "notes": shown.notes,
        "official": shown.official,
        "done": next((note for note in shown.notes if note.id == done), None),
    }
    return host.pages.render(
        "invoicing/credit.html", status=status, headers=SECRET_ADDRESS, form=form, path=visit.path, **values
    )
