"""The page that a municipality's contact uses through the programme: where it stands, what is missing, what it may do;
and the contact's secretary, as far as that is not the contact's alone (`Standing.may`).

A GET changes nothing: mail scanners follow links, any number of times. POST does what the page asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.forbehold import reservation_fields
from services.enrollment.domain.options import (
    Option,
    as_it_stands,
    lacking_for,
    may_answer,
    may_order,
    wording,
)
from services.enrollment.domain.price_text import leaving_line
from services.enrollment.pages import course
from services.enrollment.pages.own_link import refuse as say_no
from services.enrollment.pages.own_link import submit, who_changed
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_standing import HandedOn, Standing, read_standing
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.danish import long_day
from shared.contracts.enrollment import (
    MAIN_ROLE,
    ChangeContact,
    ChangeReservation,
    ResolveReservation,
    RevokeLinks,
    WithdrawEnrolment,
)
from shared.contracts.event import Command
from shared.contracts.parties import Organisation, billing_details
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.seen import person_fields
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.meanwhile import Stands, begin, seen_in
from shared.web.safety import SECRET_ADDRESS

_LABELS = {
    "name": "Navn",
    "email": "E-mail",
    "reason": "Begrundelse",
    "confirmed": "Bekræftelse",
    "expected_on": "Dag, hvor I venter svar",
    "committee": "Udvalg, der skal godkende",
}
_OF_FORBEHOLD = {name: _LABELS[name] for name in ("committee", "expected_on")}
_DONE = "besked=skiftet"
"""In the address of the page that the former contact is shown when it has handed over."""


_CLOSED = "besked=lukket"
"""The same, when the contact has closed its links."""
_SAID = {
    "sekretaer": ("Sekretæren har adgang", "Vi har sendt sekretæren et link og jer en mail om det."),
    "sekretaer-lukket": ("Adgangen er lukket", "Sekretærens link virker ikke længere."),
}


async def standing(host: Host, request: Request) -> Response:
    found = await find(host, request, whole=True)
    if isinstance(found, Response):
        return found
    done = _SAID.get(request.query_params.get("besked", ""))
    return render(host, "standing.html", found, options=shown_all(found), done=done, **course.shown(found))


async def press(
    host: Host,
    act: Act,
    request: Request,
    *,
    template: str,
    model: type[Command],
    done: str,
    labels: Mapping[str, str] | None = None,
    stands: Callable[[Standing], Stands] | None = None,
    written_by: Callable[[str], tuple[type[Command], Wrote]] | None = None,
) -> Response:
    """A form about the enrolment alone. A GET says what it comes to; `done` follows the page's path afterwards.
    `stands`: how what it changes stands, and `written_by` what that goes back to.
    """
    found = await find(host, request, act)
    if isinstance(found, Response):
        return found
    form, status = Form(labels=labels or _LABELS), 200
    if stands is not None:
        begin(form, stands(found).fields)
    if request.method == "POST":
        form = await read_form(request, labels=labels or _LABELS)
        seen = {} if stands is None else {"seen": seen_in(form)}
        wish, status = form.command(model, enrolment_id=found.enrolment.id, **seen), 422
        if wish is not None and not form.errors:
            refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
            if refused is None:
                return RedirectResponse(f"{found.path}{done}", 303, headers=SECRET_ADDRESS)
            if stands is None or written_by is None:
                form.refuse(refused)
                status = refused.status
            else:
                status = await say_no(form, refused, stands_now(host, request, stands, *written_by(found.enrolment.id)))
                again = await find(host, request, act)
                found = again if isinstance(again, Standing) else found
    return render(host, template, found, status, form=form)


revoke = partial(press, template="close_links.html", model=RevokeLinks, done=f"?{_CLOSED}")
"""It ends the link that it is done by, and says so before."""


async def _about(
    host: Host, act: Act, request: Request, *, template: str, command: Callable[[str], Command], **values: object
) -> Response:
    found = await find(host, request, act)
    if isinstance(found, Response):
        return found
    form, status = Form(), 200
    if request.method == "POST":
        form = await read_form(request)
        wish = command(found.enrolment.id)
        refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
        if refused is None:
            return RedirectResponse(found.path, 303, headers=SECRET_ADDRESS)
        form.refuse(refused)
        status = refused.status
    return render(host, template, found, status, form=form, **values)


def _answer(*, approved: bool) -> partial[Command]:
    return partial(_resolving, approved=approved)


def _resolving(enrolment_id: str, *, approved: bool) -> Command:
    return ResolveReservation(enrolment_id=enrolment_id, approved=approved)


def _leaving(enrolment_id: str) -> Command:
    return WithdrawEnrolment(enrolment_id=enrolment_id)


approve = partial(_about, template="answer.html", command=_answer(approved=True), approved=True)
refuse = partial(_about, template="answer.html", command=_answer(approved=False), approved=False)
leave = partial(_about, template="leave.html", command=_leaving)


async def reservation(host: Host, act: Act, request: Request) -> Response:
    """Its answer is expected on another day, or from another body."""
    found = await find(host, request, act)
    if isinstance(found, Response):
        return found
    form, status = begin(Form(labels=_OF_FORBEHOLD), reservation_fields(found.enrolment)), 200
    if request.method == "GET":
        form.values.update(reservation_fields(found.enrolment))
    else:
        form = await read_form(request, labels=_OF_FORBEHOLD)
        wish, status = form.command(ChangeReservation, enrolment_id=found.enrolment.id, seen=seen_in(form)), 422
        if not (form.value("expected_on") or form.value("committee")):
            form.add_error("expected_on", "required", "Udfyld mindst ét felt.")
        elif wish is not None and not form.errors:
            refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
            if refused is None:
                return RedirectResponse(found.path, 303, headers=SECRET_ADDRESS)
            stands = stands_now(
                host,
                request,
                lambda now: Stands(reservation_fields(now.enrolment), blank_stays=True),
                ChangeReservation,
                Wrote.enrolment(found.enrolment.id),
            )
            status = await say_no(form, refused, stands)
    return render(host, "reservation.html", found, status, form=form)


async def contact(host: Host, act: Act, request: Request) -> Response:
    """Somebody else takes over. It ends the link that it is done by, and says so before."""
    found = await find(host, request, act)
    if isinstance(found, Response):
        return found
    form, status = begin(Form(labels=_LABELS), person_fields(found.enrolment.contact)), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        # It is the page's own question, and no part of the wish.
        confirmed = form.values.pop("confirmed", "") == "true"
        about = {"enrolment_id": found.enrolment.id, "role": MAIN_ROLE, "seen": seen_in(form)}
        wish, status = form.command(ChangeContact, **about), 422
        if not confirmed:
            form.add_error("confirmed", "required", "Sæt kryds, når I har læst, hvad der sker.")
        elif wish is not None and not form.errors:
            refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
            if refused is None:
                return RedirectResponse(f"{found.path}?{_DONE}", 303, headers=SECRET_ADDRESS)
            stands = stands_now(
                host,
                request,
                lambda now: Stands(person_fields(now.enrolment.contact), together=(("name", "email"),)),
                ChangeContact,
                Wrote.enrolment(found.enrolment.id),
            )
            status = await say_no(form, refused, stands)
        if confirmed:
            form.values["confirmed"] = "true"
    return render(host, "contact.html", found, status, form=form)


async def find(
    host: Host, request: Request, act: Act | None = None, *, units: bool = False, whole: bool = False
) -> Standing | Response:
    """What the link is about; or a page that says that it does not work any more, or that the `act` is not theirs."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_standing(tx, request.path_params["token"], units=units, course=whole)
    if not isinstance(found, Standing):
        return no_more(host, request, found)
    if act is not None and not found.may(act.command.__name__):
        return only_the_contact(host, found.terms, found.enrolment.organisation, found.path)
    return found


def only_the_contact(host: Host, terms: ProgrammeTerms, organisation: Organisation, back: str) -> Response:
    """What a secretary has come to is the contact's alone."""
    return host.pages.render(
        "enrollment/only_the_contact.html",
        status=403,
        headers=SECRET_ADDRESS,
        terms=terms,
        organisation=organisation,
        back=back,
    )


def access_closed(host: Host, terms: ProgrammeTerms, organisation: Organisation) -> Response:
    """A secretary's link, whose access has ended; nobody is named."""
    return host.pages.render(
        "enrollment/secretary_ended.html",
        status=410,
        headers=SECRET_ADDRESS,
        terms=terms,
        organisation=organisation,
    )


def stands_now(
    host: Host, request: Request, of: Callable[[Standing], Stands], command: type[Command], wrote: Wrote
) -> Callable[[], Awaitable[Stands | None]]:
    """How what a form changes stands by now, and who has changed it; None where the link does not work any more."""

    async def stands() -> Stands | None:
        found = await find(host, request)
        if isinstance(found, Response):
            return None
        who = await who_changed(host, found.enrolment.programme_id, command, wrote, found.speaker.person_id)
        return replace(of(found), who=who)

    return stands


def no_more(host: Host, request: Request, found: HandedOn | None) -> Response:
    """The page of a link that does not work (any more)."""
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if found.secretary:
        return access_closed(host, found.terms, found.organisation)
    done = request.url.query == (_CLOSED if found.closed else _DONE)
    return host.pages.render(
        "enrollment/links_closed.html" if found.closed else "enrollment/handed_on.html",
        status=200 if done else 410,
        headers=SECRET_ADDRESS,
        terms=found.terms,
        organisation=found.organisation,
        done=done,
    )


def render(host: Host, template: str, found: Standing, status: int = 200, **values: object) -> Response:
    expected_on = found.enrolment.forbehold.expected_on
    return host.pages.render(
        f"enrollment/{template}",
        status=status,
        headers=SECRET_ADDRESS,
        found=found,
        terms=found.terms,
        owed=leaving_line(found.owes),
        expected_on=long_day(expected_on) if expected_on else None,
        held_until=long_day(found.held_until) if found.held_until else None,
        missing=billing_details(found.missing),
        invoice_on=long_day(found.invoiced_from) if found.invoiced_from else None,
        **values,
    )


def shown_all(found: Standing) -> list[dict[str, Any]]:
    """What can be bought beside the fee, and what has been; nothing is offered to whoever has no place."""
    return [shown(found, one) for one in found.options if found.enrolment.has_place or one.order is not None]


def shown(found: Standing, option: Option) -> dict[str, Any]:
    """An option as the templates show it."""
    order = as_it_stands(option.order, found.now)
    return {
        "title": option.title,
        "text": option.term.text if option.term else order.text if order else "",
        "status": wording(option, found.now),
        "path": f"{found.path}/tilkoeb/{option.option_id}",
        "price": option.price,
        "price_ore": option.term.price_ore if option.term else None,
        "may_order": found.may("OrderOption") and may_order(option, found.now),
        "may_answer": found.may("AcceptQuote") and may_answer(option, found.now),
        "is_billed": order is not None and order.state in {"ordered", "delivered"} and order.price_ore > 0,
        "missing": billing_details(lacking_for(option, order)) if order else "",
        "may_withdraw": found.may("WithdrawOption") and order is not None and order.state == "ordered",
        "order": order,
        "answered_until": may_answer(option, found.now),
        "good_until": long_day(order.good_until) if order and order.good_until else None,
        "delivered_on": long_day(order.delivered_on) if order and order.delivered_on else None,
    }
