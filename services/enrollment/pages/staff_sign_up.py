"""Staff enter a sign-up that came by mail or phone, with the time it came, or let somebody in after the deadline.

The fields are the programme's own, as on the form that municipalities fill in themselves.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.form import asked
from services.enrollment.pages.sign_up import answers, fields, joined, labels, wish_of
from services.enrollment.pages.staff_action import EDIT, LOOK, told_by
from services.enrollment.pages.staff_programme import address, head_of, reader, show
from services.enrollment.usecases.read_sign_up_form import SignUpForm, read_sign_up_form
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.time import local
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.staff import badge_in, staff_form

_DAY, _AT = "modtaget_dag", "modtaget_kl"
_OWN = {_DAY: "Dag, den kom", _AT: "Klokkeslæt", "late": "Efter fristen", "late_reason": "Hvorfor efter fristen"}
_FIELDS = {"received_at": _DAY}
"""Where the page asks for what the command has by another name."""


async def sign_up(host: Host, act: Act, request: Request) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_sign_up_form(tx, head.programme.id)
    if found is None:
        raise Problem(404, "not_found")
    named = {**labels(found.terms), **_OWN}
    form, status, preview = staff_form(host, request, labels=named), 200, None
    if request.method == "POST":
        form = await read_form(request, labels=named)
        joined(form)
        wish, status = None, 200
        if EDIT not in form.own:
            wish, status = _wish(form, found), 422
        if wish is not None and LOOK in form.own:
            preview = await _look(host, request, act, wish, form, found)
            status = 422 if preview is None else 200
        elif wish is not None:
            reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
            if (refused := reply.refusal()) is None:
                return RedirectResponse(f"{address(request)}?besked=indskrevet", 303)
            form.refuse(refused)
            status = refused.status
        _at_our_fields(form)
    return show(
        host,
        request,
        "staff_sign_up.html",
        head,
        status=status,
        form=form,
        preview=preview,
        sent=[(name, form.value(name)) for name in form.values if form.value(name)],
        look=LOOK,
        edit=EDIT,
        closed=found.closed,
        **fields(found, contact_hint="Hertil sender vi kvitteringen."),
    )


def _wish(form: Form, found: SignUpForm) -> EnrolMunicipality | None:
    """The form as typed, but for the time, which it asks for in two parts."""
    received_at = _received_at(form)
    kept = {name: form.values.pop(name) for name in (_DAY, _AT) if name in form.values}
    wish = wish_of(form, found.terms, received_at=received_at)
    form.values |= kept
    return None if form.errors else wish


def _received_at(form: Form) -> datetime | None:
    """In Denmark; None = now, or nothing that can be read, which is an error then."""
    day, at = form.value(_DAY), form.value(_AT).replace(".", ":")
    if not (day or at):
        return None
    try:
        return local(date.fromisoformat(day), time.fromisoformat(at or "12:00"))
    except ValueError:
        form.add_error(_DAY, "invalid_time", "Skriv både dag og klokkeslæt, fx 21-08-2020 og 14.30.")
        return None


async def _look(
    host: Host, request: Request, act: Act, wish: EnrolMunicipality, form: Form, found: SignUpForm
) -> dict[str, Any] | None:
    """What would come of it; None when it would be refused, which is among the errors of the form then."""
    rehearsed = await host.door.rehearse(act, wish, actor=badge_in(request).actor)
    if rehearsed.refused is not None:
        form.refuse(rehearsed.refused)
        return None
    name = next(one.name for one in found.municipalities if one.code == wish.organisation_code)
    plan = found.terms.enrolment
    typed = answers(found.terms, wish, asked(plan, wish.answers))
    return {
        "status": rehearsed.body["status"],
        "name": name,
        "rows": [
            ("Kommune", name),
            ("Kontakt", f"{wish.contact_name}, {wish.contact_email}"),
            ("Modtaget", sent_at(wish.received_at) if wish.received_at else "Nu"),
            *typed,
            *((("Hvorfor efter fristen", wish.late_reason),) if wish.late else ()),
        ],
        "told": told_by(rehearsed),
    }


def _at_our_fields(form: Form) -> None:
    """What is wrong stands where the page asks for it."""
    form.errors = [type(one)(_FIELDS.get(one.field, one.field), one.code, one.detail) for one in form.errors]
