"""One thing owed as staff work with it, and what they decide about it."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.invoicing.domain.ledger import TITLES, TO_COME
from services.invoicing.pages.ledger import about
from services.invoicing.pages.programme import address, show, unheard
from services.invoicing.usecases.read_ledger import ClaimPage, read_claim_page, read_last_change
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.danish import kroner, short_day
from shared.contracts.event import Command
from shared.contracts.invoicing import CorrectBilling, ReleaseClaim, WaiveClaim
from shared.contracts.parties import Billing
from shared.contracts.programme import ProgrammeRef
from shared.contracts.seen import billing_fields
from shared.contracts.time import day_of
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.meanwhile import Stands, seen_in
from shared.web.programme_page import UNDO, at_and_who, not_there, of_one, reader
from shared.web.staff import badge_in
from shared.web.staff_action import Ask, Doing, carry_out, stood_before

_KINDS = {"fee": "Gebyr", "extra": "Ekstra deltager", "option": "Tilkøb"}
BILLING = {
    "ean": "EAN-nummer",
    "p_number": "P-nummer",
    "order_reference": "Ordre-/rekvisitionsnummer",
    "person_reference": "Personreference",
    "account_string": "Kontostreng",
    "email": "E-mail til fakturaer",
}
_ADDRESS = {"street": "Vej og nummer", "postcode": "Postnummer", "city": "By"}
_AT = tuple(f"billing.address.{name}" for name in _ADDRESS)
_ASKED = {
    **{f"billing.{name}": label for name, label in BILLING.items()},
    **dict(zip(_AT, _ADDRESS.values(), strict=True)),
}


async def _find(host: Host, request: Request) -> ClaimPage | Response:
    """The page of a programme that has no such claim, or that nobody has told of, is one that says so (404)."""
    named = request.path_params
    async with host.transaction(reader(request)) as tx:
        found = await read_claim_page(tx, named["programme_id"], named["claim_id"])
    if found is None:
        return unheard(host, request)
    return not_there(host, request, found, "Kravet findes ikke") if isinstance(found, ProgrammeRef) else found


_of_one = of_one(_find)


def _place(request: Request) -> str:
    return address(request, f"/oekonomi/krav/{request.path_params['claim_id']}")


@_of_one
async def claim(host: Host, request: Request, found: ClaimPage) -> Response:
    one = found.row
    return show(
        host,
        request,
        "invoicing/staff_claim.html",
        found.ref,
        one=one,
        stands=TITLES[one.stands],
        about=about(one),
        facts=_facts(found),
        billing=billing_rows(found.claim.billing),
        own_billing=found.claim.own_billing,
        place=_place(request),
        invoice=address(request, f"/fakturaer/{one.invoice_id}") if one.invoice_id else "",
        enrolment=f"/stab/forloeb/{found.ref.id}/tilmeldinger/{one.enrolment_id}",
        open=one.stands in TO_COME,
    )


def _facts(found: ClaimPage) -> list[tuple[str, str]]:
    one, claim = found.row, found.claim
    rows = [
        ("Slags", _KINDS[claim.kind]),
        ("Hvem", claim.person_name or ""),
        ("Ekskl. moms", kroner(one.net_ore)),
        ("Moms", f"{claim.vat_percent} %"),
        ("Inkl. moms", kroner(one.gross_ore)),
        ("Leveret", short_day(claim.delivered_on) if claim.delivered_on else ""),
        ("Faktureres tidligst", short_day(day_of(claim.earliest)) if claim.earliest and one.stands in TO_COME else ""),
        ("Kontakt", claim.contact.name),
    ]
    return [(name, said) for name, said in rows if said]


def billing_rows(billing: Billing) -> list[tuple[str, str]]:
    """How it is billed, as far as that was said."""
    at = billing.address
    rows = [
        ("Enhed", billing.unit_name),
        ("CVR-nummer", billing.cvr),
        *((label, getattr(billing, name)) for name, label in BILLING.items()),
        ("Adresse", f"{at.street}, {at.postcode} {at.city}" if at else None),
    ]
    return [(name, said) for name, said in rows if said]


async def _about(
    host: Host,
    act: Act,
    request: Request,
    found: ClaimPage,
    command: Any,
    *,
    title: str,
    button: str,
    done: str,
    **more: Any,
) -> Response:
    one = found.row
    doing = Doing(
        title=title,
        about=f"{one.organisation}: {one.text}, {kroner(one.gross_ore)} inkl. moms",
        button=button,
        back=_place(request),
        crumb=one.text,
        done=done,
        **more,
    )
    return await carry_out(host, request, act, doing, command, partial(show, host, request, ref=found.ref))


@_of_one
async def waive(host: Host, act: Act, request: Request, found: ClaimPage) -> Response:

    def command(form: Form) -> Command | None:
        return form.command(WaiveClaim, claim_id=found.row.claim_id, reason=form.value("reason"))

    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Fakturér ikke kravet",
        button="Fakturér det ikke",
        done="faktureres-ikke",
        warns=True,
        text=("Det kan ikke tages tilbage. Kunden får ingen besked.",),
        asks=(
            Ask(
                "reason",
                "Begrundelse",
                type="textarea",
                rows=3,
                maxlength=1000,
                hint="Den gemmes sammen med kravet. Kun medarbejdere ser den.",
            ),
        ),
        sentences=lambda body: [f"Kravet står derefter som »{body['state_title']}«."],
        why_not="" if found.row.stands in TO_COME or found.row.stands == "waived" else _too_late(found),
    )


@_of_one
async def release(host: Host, act: Act, request: Request, found: ClaimPage) -> Response:

    def command(_: Form) -> Command:
        return ReleaseClaim(claim_id=found.row.claim_id)

    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Fakturér kravet alligevel",
        button="Fakturér det",
        done="faktureres",
        warns=True,
        text=("Forløbet er aflyst, efter der er holdt møder. I afgør, om gebyret skyldes.",),
        sentences=lambda body: [f"Kravet står derefter som »{body['state_title']}«."],
        why_not="" if found.row.asked else "Der er ikke noget at afgøre om kravet.",
    )


def _too_late(found: ClaimPage) -> str:
    if found.row.invoice_id:
        return f"Kravet er faktureret på faktura {found.row.invoice_id}. Kreditér fakturaen i stedet."
    return "Kravet er bortfaldet."


@_of_one
async def correct(host: Host, act: Act, request: Request, found: ClaimPage) -> Response:
    """Of all that the enrolment owes and is not invoiced yet."""
    known, before = found.claim.billing, await stood_before(host, request)

    def command(form: Form) -> Command | None:
        typed = {name: form.value(name) for name in _ASKED}
        at = any(typed[name] for name in _AT)
        said = Form({name: text for name, text in typed.items() if text or (at and name in _AT)})
        # What this form does not ask for stays as it is.
        kept = known.model_dump(mode="json", include={"unit", "unit_name", "cvr", "format", "demands"})
        said.values |= {
            f"billing.{name}": value for name, value in kept.items() if value and isinstance(value, str | list)
        }
        about = {"enrolment_id": found.row.enrolment_id, "claim_id": found.row.claim_id, "seen": seen_in(form)}
        wish = said.command(CorrectBilling, **about, **({} if said.values else {"billing": {}}))
        form.errors += said.errors
        return wish

    return await _about(
        host,
        act,
        request,
        found,
        command,
        title="Ret oplysningerne til fakturaen",
        button="Gem oplysningerne",
        done="rettet",
        text=(
            "Det gælder alt, tilmeldingen skylder, og som ikke er faktureret endnu.",
            "Et krav, som en anden betaler, bliver, som det er.",
        ),
        asks=tuple(Ask(name, label, required=False, maxlength=200) for name, label in _ASKED.items()),
        start={**dict.fromkeys(_ASKED, ""), **(billing_fields(known) if before is None else before)},
        undone=lambda _, key: f"{_place(request)}/oplysninger?{UNDO}={key}",
        sentences=lambda body: [
            f"{one['text']}: {one['state_title']}{'. ' + one['reason'] if one['finding'] else ''}"
            for one in body["claims"]
            if one["invoice_id"] is None
        ],
        why_not="" if found.row.stands in TO_COME else _too_late(found),
        stands=partial(_stands, host, request),
    )


async def _stands(host: Host, request: Request) -> Stands:
    """How the claim is billed by now."""
    named = request.path_params
    async with host.transaction(reader(request)) as tx:
        found = await read_claim_page(tx, named["programme_id"], named["claim_id"])
        last = await read_last_change(tx, named["claim_id"], CorrectBilling)
    if not isinstance(found, ClaimPage):
        raise Problem(404, "not_found")
    return Stands(
        who=at_and_who(*last, badge_in(request).actor) if last else "",
        fields=billing_fields(found.claim.billing),
        together=(("billing.ean", "billing.p_number"), _AT),
        labels={"billing.unit": "Enhed"},
    )
