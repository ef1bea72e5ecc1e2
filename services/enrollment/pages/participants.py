"""What a municipality's contact does by the link in its mail: who comes to which meeting.

All of it works without JavaScript. Whatever costs something says so before it is done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.enrolment import book_is_for, owed_by
from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.needs import asked, may_say
from services.enrollment.domain.price_text import leaving_line, price
from services.enrollment.domain.roster import (
    Roster,
    free_text,
    is_changeable,
    is_late,
    is_theirs,
    lacking_for,
    paid_by,
    seats_used,
    swap_text,
    swaps_closed,
    why_closed,
)
from services.enrollment.domain.status import meeting_status
from services.enrollment.domain.team import MEMBERS, size_text
from services.enrollment.pages.invoice_details import LABELS as PAYER
from services.enrollment.pages.invoice_details import PAYER_TOGETHER, nothing_said, units_to_choose, with_unit
from services.enrollment.pages.needs import LABELS as NEEDS
from services.enrollment.pages.needs import fields, kept_at_meeting, standing_unseen, ticked
from services.enrollment.pages.own_link import who_changed
from services.enrollment.pages.visits import NEXT_PAGE, do, find, mark_of, see_other, show
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_needs_mark import read_mark
from services.enrollment.usecases.read_visit import Visit
from services.enrollment.usecases.set_needs import SetNeeds
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.danish import short_day
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeExtraBilling,
    RegisterParticipant,
    ReplaceParticipant,
    WithdrawEnrolment,
)
from shared.contracts.event import Command
from shared.contracts.parties import billing_details
from shared.contracts.seen import billing_fields
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.meanwhile import Stands, begin, seen_in

_LABELS = {
    "name": "Navn",
    "email": "E-mail",
    "accepted_price_ore": "Prisen",
    "reason": "Begrundelse",
    "level": "Niveau",
    **PAYER,
    **NEEDS,
}
_DONE = {
    "tilmeldt": "Deltageren er tilmeldt",
    "afmeldt": "Deltageren er afmeldt",
    "skiftet": "Deltageren er skiftet",
    "betaler": "Oplysningerne til fakturaen er gemt",
    "behov": "Kost og adgang er opdateret",
}


async def overview(host: Host, request: Request) -> Response:
    visit = await find(host, request)
    if isinstance(visit, Response):
        return visit
    return show(
        host,
        "participants.html",
        visit,
        meetings=[_shown(one, visit) for one in visit.rosters if is_theirs(one, visit.called)],
        team=visit.team,
        team_size=size_text(visit.team) if visit.team else None,
        following=f"{visit.path}?{urlencode({NEXT_PAGE: visit.following})}" if visit.following else None,
    )


async def meeting(host: Host, act: Act, request: Request) -> Response:
    visit = await find(host, request, act)
    if isinstance(visit, Response):
        return visit
    roster = _roster(visit, request)
    if request.method == "GET":
        done = _DONE.get(request.query_params.get("besked", ""))
        return _meeting(host, visit, roster, Form(), done=done)
    form = await read_form(request, labels=_LABELS)
    about = {"enrolment_id": visit.enrolment.id, "meeting_id": roster.meeting.id}
    command = form.command(RegisterParticipant, **about)
    if command is not None:
        command = command.model_copy(update={"billing": with_unit(command.billing)})
    if _level_left_out(roster, form) or command is None:
        return _meeting(host, visit, roster, form, 422)
    refused = await do(host, act, request, command, form, visit)
    if refused is None:
        return see_other(f"{visit.path}/{roster.meeting.id}?besked=tilmeldt")
    # What was refused may be that the last seat has just been taken: the page shows the seats as they are now.
    again = await find(host, request, act)
    if isinstance(again, Response):
        return again
    return _meeting(host, again, _roster(again, request), form, refused.status)


async def _about_one(
    host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str
) -> Response:
    visit = await find(host, request, act)
    if isinstance(visit, Response):
        return visit
    roster = _roster(visit, request)
    back = f"{visit.path}/{roster.meeting.id}"
    person_id = request.path_params["person_id"]
    seat = next((one for one in visit.seats(roster) if one.person.person_id == person_id), None)
    if seat is None and request.method == "GET":
        return see_other(back)
    form, status = Form(labels=_LABELS), 200
    stands = _stands(host, request, visit, roster.meeting.id, person_id, model)
    if request.method == "GET" and stands is not None and (now := await stands()) is not None:
        begin(form, now.fields)
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        about: dict[str, Any] = {"enrolment_id": visit.enrolment.id, "meeting_id": roster.meeting.id}
        if stands is not None:
            about["seen"] = seen_in(form)
        command = (
            None
            if model is ChangeExtraBilling and nothing_said(form, "billing.order_reference")
            else form.command(model, **about, person_id=person_id)
        )
        if form.errors or (model is ReplaceParticipant and _level_left_out(roster, form)):
            command = None
        if isinstance(command, ChangeExtraBilling):
            command = command.model_copy(update={"billing": with_unit(command.billing)})
        ticked(form)
        refused = None if command is None else await do(host, act, request, command, form, visit, stands)
        if command is not None and (refused is None or seat is None):
            return see_other(f"{back}?besked={done}" if refused is None else back)
        status = 422 if refused is None else refused.status
    return show(
        host,
        template,
        visit,
        status,
        form=form,
        seat=seat,
        meeting=_shown(roster, visit),
        asked=asked(roster) if may_say(roster, visit.now) else None,
        fields=fields(asked(roster)),
        told=(roster.meeting.title, f"{roster.meeting.title}, {when_text(roster.meeting)}", "mødet"),
        person=seat.person if seat else None,
        keeps=kept_at_meeting(asked(roster), "pladsen afmeldes eller skifter hænder"),
        changeable=is_changeable(roster, visit.now),
        levels=_choices(roster),
        extra=roster.terms.extra if roster.terms and seat in roster.extras else None,
        late=is_late(roster, visit.now),
        many_extras=len(roster.extras) > 1,
        moves_in=seat in roster.included and bool(roster.extras),
        missing=billing_details(lacking_for(roster, seat)) if seat in roster.extras else "",
        units=units_to_choose(visit.units),
        swaps_closed=swaps_closed(roster, visit.now),
        swap_text=swap_text(roster),
        free_text=free_text(roster),
        price=price,
        back=back,
    )


def _stands(
    host: Host, request: Request, visit: Visit, meeting_id: str, person_id: str, model: type[Command]
) -> Callable[[], Awaitable[Stands | None]] | None:
    """How what is changed stands, and who has changed it last; None where nothing that stands is changed."""
    about = (visit.enrolment.id, meeting_id, person_id)
    by = partial(who_changed, host, visit.programme.id, model, person_id=visit.speaker.person_id)

    async def unseen() -> Stands | None:
        mark = await mark_of(host, lambda tx: read_mark(tx, *about))
        return standing_unseen(mark, await by(Wrote.needs(*about)))

    async def payer() -> Stands | None:
        now = await find(host, request)
        roster = None if isinstance(now, Response) else now.roster(meeting_id)
        seat = roster.seat_of(person_id) if roster else None
        if roster is None or seat is None or not book_is_for(roster.enrolment, client=False, person=True):
            return None
        fields = billing_fields(paid_by(roster, seat))
        return Stands(fields, await by(Wrote.seat(*about)), PAYER_TOGETHER, blank_stays=True)

    return {SetNeeds: unseen, ChangeExtraBilling: payer}.get(model)


cancel = partial(_about_one, template="cancel.html", model=CancelParticipant, done="afmeldt")
payer = partial(_about_one, template="payer.html", model=ChangeExtraBilling, done="betaler")
needs = partial(_about_one, template="their_needs.html", model=SetNeeds, done="behov")
replace = partial(_about_one, template="replace.html", model=ReplaceParticipant, done="skiftet")


async def withdraw(host: Host, act: Act, request: Request) -> Response:
    visit = await find(host, request, act)
    if isinstance(visit, Response):
        return visit
    form, status = Form(labels=_LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        command = form.command(WithdrawEnrolment, enrolment_id=visit.enrolment.id)
        refused = None if command is None else await do(host, act, request, command, form, visit)
        if command is not None and refused is None:
            return see_other(visit.path)
        status = 422 if refused is None else refused.status
    owed = leaving_line(owed_by(visit.enrolment, visit.now))
    return show(host, "withdraw.html", visit, status, form=form, owed=owed)


def _roster(visit: Visit, request: Request) -> Roster:
    roster = visit.roster(request.path_params["meeting_id"])
    if roster is None:
        raise Problem(404, "not_found")
    return roster


def _meeting(
    host: Host, visit: Visit, roster: Roster, form: Form, status: int = 200, done: str | None = None
) -> Response:
    return show(
        host,
        "meeting.html",
        visit,
        status,
        form=form,
        done=done,
        meeting=_shown(roster, visit),
        seats=[(seat, seat in roster.extras) for seat in visit.seats(roster)],
        lacking={
            seat.person.person_id: billing_details(lacking_for(roster, seat))
            for seat in visit.seats(roster)
            if seat in roster.extras
        },
        levels=_choices(roster),
        changeable=is_changeable(roster, visit.now),
        swaps_closed=swaps_closed(roster, visit.now),
        swap_text=swap_text(roster),
        free_text=free_text(roster) if roster.extras or roster.next_costs else None,
        explained=visit.explained,
        asked=asked(roster) if may_say(roster, visit.now) else None,
        extra=roster.next_costs,
        extra_price=price(roster.next_costs) if roster.next_costs else None,
        full=roster.full,
        units=units_to_choose(visit.units),
    )


def _choices(roster: Roster) -> list[tuple[str, str]]:
    return [(level, level) for level in roster.levels]


def _level_left_out(roster: Roster, form: Form) -> bool:
    """Whoever fills in the form is asked; programs that do not know of levels may leave it out."""
    if not roster.levels or form.value("level"):
        return False
    form.add_error("level", "required", "Vælg et af svarene.")
    return True


def _shown(roster: Roster, visit: Visit) -> dict[str, Any]:
    """A meeting as the templates show it."""
    closed = why_closed(roster, visit.now)
    last = roster.last_day_to_register
    return {
        "id": roster.meeting.id,
        "title": roster.meeting.title,
        "is_team": roster.terms is not None and roster.terms.attendance in {"team", MEMBERS},
        "when": when_text(roster.meeting),
        "where": where_text(roster.meeting),
        "state": roster.meeting_state,
        "status": meeting_status(roster.meeting_state, roster.meeting.date_version),
        "seats": seats_used(roster, closed=closed is not None),
        "closed": closed,
        "last_day": short_day(last) if last and closed is None else None,
    }
