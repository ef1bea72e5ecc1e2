"""The forms that change an entry of the address book: an organisation's own details, and a unit of it.

What somebody else has changed since a form was shown is said field by field when it is sent, and whoever sent it
chooses. Nothing that was typed is lost by that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.address_book import Entry, Unit, all_differences, rewritten, unit_key, version_of
from services.enrollment.domain.book_form import (
    BILLING,
    DEMANDS,
    FORMATS,
    OF_ORGANISATION,
    OF_UNIT,
    ROLE,
    both_heard,
    demands_of,
    fields_of,
    fields_of_unit,
    label_of,
    said_of,
    several,
)
from services.enrollment.domain.form import BETWEEN
from services.enrollment.pages.book import PUT
from services.enrollment.pages.book_entry import address, known_of, not_yours
from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit
from shared.base.acts import Act
from shared.base.problems import FieldError, Problem
from shared.contracts.seen import Clash
from shared.runtime.service import Host
from shared.web.forms import EDIT, LOOK, Form, new_key, read_form
from shared.web.staff import badge_in, render, staff_form
from shared.web.staff_action import Ask, told_by

BASE, BOTH, CHOICE = "_vist", "_begge", "valg."
THEIRS, MINE = "deres", "mit"
_ROWS = 2
"""Roles that may be added at a time."""
_MOST_ROWS = 100
_CHANGED = "entry_changed"
_OF_THE_ADDRESS = ("street", "postcode", "city")


@dataclass(frozen=True, slots=True)
class Page:
    """What is changed: `fields` as it stands in an entry, and the wish that it be as was typed (None, and errors)."""

    title: str
    button: str
    back: str
    done: str
    asks: Sequence[Ask]
    fields: Callable[[Entry], dict[str, str]]
    wish: Callable[[Form, Mapping[str, str], Entry], PutOrganisation | None]
    has_roles: bool = False


_BILLING_ASKS = (
    Ask("billing.ean", BILLING["billing.ean"], inputmode="numeric", width="m", required=False, hint="13 cifre."),
    Ask(
        "billing.p_number",
        BILLING["billing.p_number"],
        inputmode="numeric",
        width="m",
        required=False,
        hint="Ti cifre. Bruges, når der ikke er noget EAN-nummer.",
    ),
    Ask("billing.order_reference", BILLING["billing.order_reference"], required=False, maxlength=200),
    Ask("billing.person_reference", BILLING["billing.person_reference"], required=False, maxlength=200),
    Ask("billing.account_string", BILLING["billing.account_string"], required=False, maxlength=200),
    Ask("billing.email", BILLING["billing.email"], type="email", required=False),
    Ask("billing.address.street", BILLING["billing.address.street"], required=False, maxlength=200),
    Ask("billing.address.postcode", BILLING["billing.address.postcode"], required=False, width="s", maxlength=20),
    Ask("billing.address.city", BILLING["billing.address.city"], required=False, maxlength=200),
    Ask(
        "billing.address.country",
        BILLING["billing.address.country"],
        required=False,
        width="s",
        maxlength=2,
        hint="To bogstaver. Står der intet, er det DK.",
    ),
    Ask(
        "billing.format",
        BILLING["billing.format"],
        type="select",
        required=False,
        choices=list(FORMATS.items()),
        hint="Vælges intet, er det den, der er sædvanlig.",
    ),
    Ask(
        "billing.demands", BILLING["billing.demands"], type="checkboxes", required=False, choices=list(DEMANDS.items())
    ),
)


async def organisation(host: Host, act: Act, request: Request) -> Response:
    found = await known_of(host, request)
    one = found.entry
    has_cvr = one.organisation.cvr is not None
    asks = (
        Ask("main_email", "Hovedpostkasse", type="email", required=False, hint="Den, kommunens breve sendes til."),
        Ask(
            "cvr",
            "CVR-nummer",
            inputmode="numeric",
            width="m",
            required=has_cvr,
            hint="Otte cifre." + (" Det kan rettes, ikke slettes." if has_cvr else ""),
        ),
        *_BILLING_ASKS,
        Ask(
            "mailboxes",
            OF_ORGANISATION["mailboxes"],
            type="textarea",
            rows=3,
            required=False,
            hint="Én på hver linje. Hvem der har en af dem, tilmelder organisationen uden at vente på jer.",
        ),
        Ask(
            "domains",
            OF_ORGANISATION["domains"],
            type="textarea",
            rows=2,
            required=False,
            hint="Ét på hver linje, fx kommune.example. Alle med en adresse dér taler for organisationen.",
        ),
    )
    page = Page(
        title=f"Ret {one.organisation.name}",
        button="Gem oplysningerne",
        back=address(one.organisation.code),
        done="gemt",
        asks=asks,
        fields=fields_of,
        wish=_wish_of_organisation,
        has_roles=True,
    )
    return await _edited(host, act, request, page)


async def new_unit(host: Host, act: Act, request: Request) -> Response:
    found = await known_of(host, request)
    one = found.entry

    def wish(form: Form, typed: Mapping[str, str], now: Entry) -> PutOrganisation | None:
        unit_id = " ".join(form.value("id").split())
        if now.unit(unit_id) is not None:
            form.add_error("id", "unit_twice", "Der er allerede en enhed med det id. Ret den i stedet.")
        return _with_unit(form, typed, now, unit_id)

    page = Page(
        title="Tilføj en enhed",
        button="Tilføj enheden",
        back=address(one.organisation.code),
        done="enhed",
        asks=(
            Ask("id", "Id", maxlength=200, width="m", hint="Kort, fx borgerservice. Det kan ikke rettes senere."),
            *_unit_asks(),
        ),
        fields=lambda _: {},
        wish=wish,
    )
    return await _edited(host, act, request, page)


async def unit(host: Host, act: Act, request: Request) -> Response:
    found = await known_of(host, request)
    one = _unit_in(request, found.entry)

    def fields(now: Entry) -> dict[str, str]:
        known = now.unit(one.id)
        return {} if known is None else fields_of_unit(known)

    page = Page(
        title=f"Ret enheden {one.name}",
        button="Gem enheden",
        back=address(found.entry.organisation.code),
        done="enhed",
        asks=_unit_asks(),
        fields=fields,
        wish=lambda form, typed, now: _with_unit(form, typed, now, one.id),
    )
    return await _edited(host, act, request, page)


async def remove_unit(host: Host, act: Act, request: Request) -> Response:
    found = await known_of(host, request)
    one = _unit_in(request, found.entry)
    page = Page(
        title=f"Fjern enheden {one.name}",
        button="Fjern enheden",
        back=address(found.entry.organisation.code),
        done="enhed-fjernet",
        asks=(),
        fields=lambda _: {},
        wish=lambda _form, _typed, now: _as_it_is(now, units=[each for each in now.units if each.id != one.id]),
    )
    return await _edited(host, act, request, page)


def _unit_in(request: Request, one: Entry) -> Unit:
    """Problem 404 where the organisation has none of that key."""
    key = request.path_params["unit"]
    found = next((each for each in one.units if unit_key(each.id) == key), None)
    if found is None:
        raise Problem(404, "not_found")
    return found


def _unit_asks() -> tuple[Ask, ...]:
    return (
        Ask("name", OF_UNIT["name"], maxlength=200, hint="Står på fakturaen under organisationens navn."),
        Ask(
            "billing.cvr",
            "CVR-nummer",
            inputmode="numeric",
            width="m",
            required=False,
            hint="Kun når enheden er sin egen juridiske enhed. Så overtager den intet af organisationens oplysninger.",
        ),
        *_BILLING_ASKS,
    )


async def _edited(host: Host, act: Act, request: Request, page: Page) -> Response:
    """GET and POST: what is typed, what would come of it, and what somebody else has changed meanwhile."""
    if not badge_in(request).may(PUT):
        return not_yours(host, request)
    now = (await known_of(host, request)).entry
    labels = {one.name: one.label for one in page.asks}
    if request.method == "GET":
        form, typed = staff_form(host, request, labels=labels), page.fields(now)
        _fill(form, page, typed)
        wish = None if page.asks else page.wish(form, typed, now)
        preview = None if wish is None else await _look(host, act, request, form, wish, now)
        return _page(host, request, page, form, now, preview=preview)
    form = await read_form(request, labels=labels)
    typed, base = _typed(form, page), _shown_before(form)
    for name, choice in _chosen(form).items():
        typed = {**typed, name: base.get(name, "")} if choice == THEIRS else typed
    if form.errors:
        return _page(host, request, page, form, now, base=base, status=422, both=_both(form))
    return await _heard(host, act, request, page, form, now, base, typed)


async def _heard(
    host: Host,
    act: Act,
    request: Request,
    page: Page,
    form: Form,
    now: Entry,
    base: Mapping[str, str],
    typed: Mapping[str, str],
) -> Response:
    heard = both_heard(base, page.fields(now), typed)
    _fill(form, page, heard.values)
    if heard.clashes:
        form.key = new_key()
        return _page(host, request, page, form, now, status=409, clashes=heard.clashes)
    wish = None if EDIT in form.own else page.wish(form, heard.values, now)
    if wish is None or form.errors:
        _place_errors(form)
        return _page(host, request, page, form, now, status=422 if form.errors else 200)
    if LOOK in form.own:
        preview = await _look(host, act, request, form, wish, now)
        return _page(host, request, page, form, now, preview=preview, status=422 if preview is None else 200)
    reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
    refused = reply.refusal()
    if refused is None:
        return RedirectResponse(f"{page.back}?besked={page.done}", 303)
    if refused.code == _CHANGED:
        # Somebody was faster in this very moment.
        form.key, newest = new_key(), (await known_of(host, request)).entry
        if version_of(newest) != version_of(now):
            return await _heard(host, act, request, page, form, newest, page.fields(now), typed)
    form.refuse(refused)
    _place_errors(form)
    return _page(host, request, page, form, now, status=refused.status)


async def _look(
    host: Host, act: Act, request: Request, form: Form, wish: PutOrganisation, now: Entry
) -> dict[str, Any] | None:
    """What would come of it; None, and errors of the form, when it would be refused."""
    found = await host.door.rehearse(act, wish, actor=badge_in(request).actor)
    if found.refused is not None:
        form.refuse(found.refused)
        _place_errors(form)
        return None
    units = None if wish.units is None else [Unit(one.id, one.name, one.billing) for one in wish.units]
    after = rewritten(
        now, wish.main_email, wish.roles, wish.billing, wish.mailboxes, wish.domains, units, wish.cvr
    ).after
    differences = [
        (f"{_capitalised(one.column)}", one.was, one.becomes)
        for _, changed in all_differences(now, after)
        for one in changed
    ]
    return {"told": told_by(found), "differences": differences}


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _page(
    host: Host,
    request: Request,
    page: Page,
    form: Form,
    now: Entry,
    *,
    status: int = 200,
    preview: Mapping[str, Any] | None = None,
    clashes: Sequence[Clash] = (),
    base: Mapping[str, str] | None = None,
    both: Sequence[str] | None = None,
) -> Response:
    """`base` None: as it stands now; `both` are the fields that a choice is still to be made of."""
    two = [one.field for one in clashes if one.both] if both is None else both
    return render(
        host,
        request,
        "enrollment/book_edit.html",
        status=status,
        form=form,
        page=page,
        about=now.organisation.name,
        shown_before=json.dumps(dict(page.fields(now) if base is None else base), ensure_ascii=False),
        both=json.dumps(two, ensure_ascii=False),
        clashes=[
            {
                "label": label_of(one.field),
                "before": one.shown(one.before, said_of),
                "theirs": one.shown(one.theirs, said_of),
                "mine": one.shown(one.mine, said_of),
                "name": f"{CHOICE}{two.index(one.field)}" if one.both else "",
            }
            for one in clashes
        ],
        choices=[(f"{CHOICE}{at}", label_of(name)) for at, name in enumerate(two)] if not clashes else [],
        preview=preview,
        hidden=[(name, text) for name, text in form.values.items() if text and not name.startswith(CHOICE)],
        rows=_role_rows(form) if page.has_roles else [],
        look=LOOK,
        edit=EDIT,
    )


def _fill(form: Form, page: Page, values: Mapping[str, str]) -> None:
    """What stands in the form from now on; the id of a new unit, and whatever else is no field, stays."""
    for one in page.asks:
        if one.name in values or one.name in form.values:
            form.values[one.name] = values.get(one.name, form.value(one.name) if one.name == "id" else "")
    if not page.has_roles:
        return
    for name in [name for name in form.values if name.startswith("role.")]:
        del form.values[name]
    roles = sorted((name.removeprefix(ROLE), text) for name, text in values.items() if name.startswith(ROLE))
    for at, (role, email) in enumerate([*roles, *[("", "")] * _ROWS]):
        form.values |= {f"role.{at}.name": role, f"role.{at}.email": email}


def _place_errors(form: Form) -> None:
    """Fields of a unit and of a role are where the form has them."""
    for at, one in enumerate(form.errors):
        name = one.field or ""
        if name.startswith("units.") and name.count(".") > 1:
            name = name.split(".", 2)[2]
        elif name.startswith(ROLE):
            role = name.removeprefix(ROLE)
            known = [row for row in _role_rows(form) if form.value(f"{row}.name").casefold() == role]
            name = f"{known[0]}.email" if known else name
        form.errors[at] = FieldError(name, one.code, one.detail)


def _typed(form: Form, page: Page) -> dict[str, str]:
    """What was typed, field by field, as `fields_of` has it; errors for a role without its name, and one twice."""
    for name in [name for name in form.values if len(form.chosen(name)) > 1]:
        form.values[name] = BETWEEN.join(form.chosen(name))
    typed = {one.name: form.value(one.name) for one in page.asks if form.value(one.name) and one.name != "id"}
    for name in ("mailboxes", "domains"):
        if name in typed:
            typed[name] = "\n".join(sorted({one.lower() for one in several(typed[name])}))
    for name in ("cvr", "billing.cvr", "billing.ean", "billing.p_number"):
        if name in typed:
            typed[name] = "".join(typed[name].split())
    country = typed.pop("billing.address.country", "DK").upper()
    if any(f"billing.address.{one}" in typed for one in _OF_THE_ADDRESS) or country != "DK":
        typed["billing.address.country"] = country
    return {**typed, **_typed_roles(form)}


def _typed_roles(form: Form) -> dict[str, str]:
    typed: dict[str, str] = {}
    for row in _role_rows(form):
        role, email = " ".join(form.value(f"{row}.name").split()).casefold(), form.value(f"{row}.email")
        if role and email and f"{ROLE}{role}" in typed:
            form.add_error(f"{row}.name", "role_twice", "Rollen står der to gange.")
        elif role and email:
            typed[f"{ROLE}{role}"] = email
        elif email:
            form.add_error(f"{row}.name", "required", "Skriv, hvilken rolle adressen er.")
    return typed


def _role_rows(form: Form) -> list[str]:
    return [f"role.{at}" for at in range(_MOST_ROWS + _ROWS) if f"role.{at}.name" in form.values]


def _shown_before(form: Form) -> dict[str, str]:
    """What stood in the form when it was shown, as it says itself: whoever changes that chooses about more."""
    found = _said(form.own.get(BASE, ""))
    return found if isinstance(found, dict) and all(isinstance(one, str) for one in found.values()) else {}


def _both(form: Form) -> list[str]:
    """The fields that two had changed when the form was shown."""
    found = _said(form.own.get(BOTH, ""))
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _said(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _chosen(form: Form) -> dict[str, str]:
    """What was chosen of the fields that two had changed; an error for one of which nothing was."""
    chosen = {name: form.value(f"{CHOICE}{at}") for at, name in enumerate(_both(form))}
    for at, (name, choice) in enumerate(chosen.items()):
        if choice not in {THEIRS, MINE}:
            form.add_error(f"{CHOICE}{at}", "required", f"Vælg, hvad der skal stå i »{label_of(name)}«.")
    return chosen


def _as_it_is(now: Entry, units: Sequence[Unit]) -> PutOrganisation:
    """The entry as it is seen, with these units."""
    return PutOrganisation(
        code=now.organisation.code,
        main_email=now.main_email,
        roles=dict(now.roles or {}),
        billing=now.billing,
        units=tuple(PutUnit(id=one.id, name=one.name, billing=one.billing) for one in units),
        seen=version_of(now),
    )


def _with_unit(form: Form, typed: Mapping[str, str], now: Entry, unit_id: str) -> PutOrganisation | None:
    said = Form({name: _as_sent(name, text) for name, text in typed.items()})
    wish = said.command(PutUnit, id=unit_id)
    form.errors += said.errors
    if not unit_id:
        form.add_error("id", "required", "Skriv et id.")
    if wish is None or form.errors:
        return None
    others = [one for one in now.units if one.id != unit_id]
    return _as_it_is(now, [*others, Unit(wish.id, wish.name, wish.billing)])


def _wish_of_organisation(form: Form, typed: Mapping[str, str], now: Entry) -> PutOrganisation | None:
    own = {name: text for name, text in typed.items() if not name.startswith(ROLE)}
    roles = {name.removeprefix(ROLE): text for name, text in typed.items() if name.startswith(ROLE)}
    said = Form({name: _as_sent(name, text) for name, text in own.items() if name not in {"mailboxes", "domains"}})
    wish = said.command(
        PutOrganisation,
        code=now.organisation.code,
        roles=roles,
        mailboxes=several(own.get("mailboxes", "")),
        domains=several(own.get("domains", "")),
        seen=version_of(now),
    )
    form.errors += said.errors
    if now.organisation.cvr is not None and "cvr" not in own:
        form.add_error("cvr", "required", "CVR-nummeret kan rettes, ikke slettes.")
    return wish


def _as_sent(name: str, text: str) -> str | list[str]:
    return list(demands_of(text)) if name == "billing.demands" else text
