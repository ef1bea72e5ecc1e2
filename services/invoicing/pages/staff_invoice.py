"""One invoice as staff work with it: its lines, what became of it, its files, and what they do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.invoicing.domain.from_invoice import Issued
from services.invoicing.pages.invoice_desk import MEDIA_TYPES
from services.invoicing.pages.printed import FILE_CSP
from services.invoicing.pages.programme import address, show, unheard
from services.invoicing.pages.staff_claim import billing_rows
from services.invoicing.usecases.read_documents import read_as_file
from services.invoicing.usecases.read_ledger import InvoicePage, read_invoice_page, read_numbered
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.danish import kroner, ore_of, short_day
from shared.contracts.event import Command
from shared.contracts.invoicing import CreditInvoice, RegisterPayment
from shared.contracts.programme import ProgrammeRef
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.programme_page import not_there, of_one, reader, who
from shared.web.staff import badge_in, render, staff_form
from shared.web.staff_action import BETWEEN, Ask, Doing, carry_out

_SEES = "invoicing.invoices"
LONGEST_SEARCH = 200


async def _find(host: Host, request: Request) -> InvoicePage | Response:
    """The page of a programme that has no such invoice, or that nobody has told of, is one that says so (404)."""
    named = request.path_params
    async with host.transaction(reader(request)) as tx:
        found = await read_invoice_page(tx, named["programme_id"], named["invoice_id"], badge_in(request).actor)
    if found is None:
        return unheard(host, request)
    return not_there(host, request, found, "Fakturaen findes ikke") if isinstance(found, ProgrammeRef) else found


_of_one = of_one(_find)


def _place(request: Request) -> str:
    return address(request, f"/fakturaer/{request.path_params['invoice_id']}")


@_of_one
async def invoice(host: Host, request: Request, found: InvoicePage) -> Response:
    desk, issued = found.desk, found.desk.standing.invoice
    return show(
        host,
        request,
        "invoicing/staff_invoice.html",
        found.ref,
        standing=desk.standing,
        invoice=issued,
        lines=desk.lines,
        notes=desk.notes,
        official=desk.official,
        billing=billing_rows(issued.billing),
        state=_state(found),
        history=_history(found),
        place=_place(request),
        claims=address(request, "/oekonomi/krav"),
        enrolment=f"/stab/forloeb/{found.ref.id}/tilmeldinger/{issued.enrolment_id}",
        left=any(one.left_ore for one in desk.lines),
    )


def _state(found: InvoicePage) -> str:
    standing = found.desk.standing
    if standing.credited_ore >= standing.invoice.gross_ore:
        return "Krediteret"
    if standing.outstanding_ore < 0:
        return "Der er betalt for meget"
    if standing.outstanding_ore == 0:
        return "Betalt"
    return "Forfalden" if standing.invoice.due_on < found.today else "Udstedt"


def _history(found: InvoicePage) -> list[tuple[str, str, str]]:
    """What happened on which day, the newest at first, and who is behind it."""
    issued = found.desk.standing.invoice
    rows: list[tuple[date, int, str, str]] = [(issued.issued_on, 0, "Fakturaen blev udstedt", "")]
    rows += [
        (one.paid_on, 1, f"{kroner(one.amount_ore)} blev betalt (reference {one.payment_id})", who(one.actor))
        for one in found.payments
    ]
    rows += [
        (one.told_on, 2, f"Der blev rykket ({one.level}. gang); der manglede {kroner(one.outstanding_ore)}", "")
        for one in found.reminders
    ]
    rows += [
        (one.issued_on, 3, f"Kreditnota {one.id} på {kroner(one.credited_ore)}: {one.reason}", "")
        for one in found.desk.notes
    ]
    rows.sort(key=lambda row: row[:2], reverse=True)
    return [(short_day(day), what, by) for day, _, what, by in rows]


@_of_one
async def file(_: Host, request: Request, found: InvoicePage) -> Response:
    """A file of this invoice, or of a credit note of it; of no other."""
    suffix, asked = request.path_params["suffix"], request.path_params["document_id"]
    known: dict[str, Issued] = {note.id: note for note in found.desk.notes}
    known[found.desk.standing.id] = found.desk.standing.invoice
    if asked not in known or suffix not in MEDIA_TYPES:
        raise Problem(404, "not_found")
    made = await read_as_file(known[asked], suffix)
    headers = {"Cache-Control": "no-store", "Content-Type": MEDIA_TYPES[suffix]}
    if suffix == "html":
        headers["Content-Security-Policy"] = FILE_CSP
    else:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{made.name}"
    return Response(made.content, headers=headers)


async def _about(
    host: Host,
    act: Act,
    request: Request,
    found: InvoicePage,
    command: Any,
    *,
    title: str,
    button: str,
    done: str,
    **more: Any,
) -> Response:
    issued = found.desk.standing.invoice
    doing = Doing(
        title=title,
        about=f"Faktura {issued.id} til {issued.buyer.name}, {kroner(issued.gross_ore)} inkl. moms",
        button=button,
        back=_place(request),
        crumb=f"Faktura {issued.id}",
        done=done,
        **more,
    )
    return await carry_out(host, request, act, doing, command, partial(show, host, request, ref=found.ref))


@_of_one
async def credit(host: Host, act: Act, request: Request, found: InvoicePage) -> Response:
    left = [one for one in found.desk.lines if one.left_ore]

    def command(form: Form) -> Command | None:
        chosen = [one for one in form.value("lines").split(BETWEEN) if one]
        part = ore_of(form.value("part")) if form.value("part") else None
        if form.value("part") and part is None:
            form.add_error("part", "invalid_amount", "Skriv beløbet i kroner, fx 12.500 eller 12.500,50.")
        elif part is not None and len(chosen) != 1:
            form.add_error("part", "one_line", "Vælg kun én linje, når kun en del af den skal krediteres.")
        if not chosen:
            form.add_error("lines", "no_lines", "Vælg mindst én linje.")
        if form.errors:
            return None
        lines = [{"claim_id": one, **({"net_ore": part} if part is not None else {})} for one in chosen]
        said = Form()
        wish = said.command(
            CreditInvoice,
            invoice_id=found.desk.standing.id,
            credit_id=f"stab-{form.key}",
            reason=form.value("reason"),
            lines=lines,
        )
        form.errors += said.errors
        return wish

    def sentences(body: Mapping[str, Any]) -> list[str]:
        gross = body["gross_ore"] + body["rounding_ore"]
        said = [f"Kreditnotaen bliver på {kroner(gross)} inkl. moms og sendes til kunden med det samme."]
        rest = body["outstanding_ore"]
        if rest is None:
            return said
        if rest < 0:
            return [*said, f"Der er derefter betalt {kroner(-rest)} for meget, som skal betales tilbage."]
        return [*said, f"Der mangler derefter {kroner(rest)} af fakturaen."]

    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Kreditér fakturaen",
        button="Udsted kreditnotaen",
        done="krediteret",
        warns=True,
        text=("En kreditnota kan ikke tages tilbage. Den får sit eget nummer.",),
        asks=(
            Ask(
                "lines",
                "Linjer, der krediteres",
                type="checkboxes",
                choices=[(one.line.claim_id, f"{one.line.text}: {kroner(one.left_ore)} ekskl. moms") for one in left],
                hint="Det, der er tilbage af hver linje, krediteres.",
            ),
            Ask(
                "part",
                "Kun en del af linjen, kr. ekskl. moms",
                required=False,
                maxlength=20,
                width="m",
                inputmode="decimal",
                hint="Lad feltet stå tomt for at kreditere hele linjen.",
            ),
            Ask(
                "reason",
                "Begrundelse",
                type="textarea",
                rows=3,
                maxlength=1000,
                hint="Den står på kreditnotaen og i mailen til kunden.",
            ),
        ),
        start={"lines": BETWEEN.join(one.line.claim_id for one in left if one.removed)},
        sentences=sentences,
        why_not="" if left else "Hele fakturaen er krediteret.",
    )


@_of_one
async def pay(host: Host, act: Act, request: Request, found: InvoicePage) -> Response:
    standing = found.desk.standing

    def command(form: Form) -> Command | None:
        amount = ore_of(form.value("amount"))
        if amount is None:
            form.add_error("amount", "invalid_amount", "Skriv beløbet i kroner, fx 12.500 eller 12.500,50.")
        if not form.value("payment_id"):
            form.add_error("payment_id", "required", "Skriv bankens reference.")
        if not form.value("paid_on"):
            form.add_error("paid_on", "required", "Vælg dagen.")
        if form.errors:
            return None
        said = Form({name: form.value(name) for name in ("payment_id", "paid_on")})
        wish = said.command(RegisterPayment, invoice_id=standing.id, amount_ore=amount)
        form.errors += [
            type(one)("amount" if one.field == "amount_ore" else one.field, one.code, one.detail) for one in said.errors
        ]
        return wish

    def sentences(body: Mapping[str, Any]) -> list[str]:
        rest = body["outstanding_ore"]
        if rest == standing.outstanding_ore:
            return ["Betalingen med den reference er registreret i forvejen. Intet bliver anderledes."]
        if rest > 0:
            return [f"Der mangler derefter {kroner(rest)} af fakturaen."]
        return ["Fakturaen er derefter betalt." if rest == 0 else f"Der er derefter betalt {kroner(-rest)} for meget."]

    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Registrér en betaling",
        button="Registrér betalingen",
        done="betalt",
        warns=True,
        text=("Det kan ikke tages tilbage. Den samme reference registreres kun én gang.",),
        asks=(
            Ask("amount", "Beløb, kr.", width="m", maxlength=20, inputmode="decimal"),
            Ask("paid_on", "Den dag, der blev betalt", type="date", width="m"),
            Ask("payment_id", "Bankens reference", maxlength=200, hint="Den, der står på kontoudtoget."),
        ),
        start={
            "amount": kroner(max(standing.outstanding_ore, 0)).removesuffix(" kr."),
            "paid_on": found.today.isoformat(),
        },
        sentences=sentences,
    )


async def search(host: Host, request: Request) -> Response:
    """Where an invoice is found by its number; what was typed stands in no address."""
    badge, form, hits, typed = badge_in(request), staff_form(host, request), [], ""
    if request.method == "POST":
        typed = (await read_form(request)).value("q")[:LONGEST_SEARCH]
        form.values["q"] = typed
        if typed:
            async with host.transaction(reader(request)) as tx:
                hits = await read_numbered(tx, badge.programmes(_SEES), typed)
    found = [(f"/invoicing/stab/forloeb/{programme}/fakturaer/{one}", one, buyer) for one, programme, buyer in hits]
    if len(found) == 1:
        return RedirectResponse(found[0][0], 303)
    return render(host, request, "invoicing/search.html", form=form, typed=typed, hits=found)
