"""What a municipality's contact does by the link in its mail: who comes to which meeting.

All of it works without JavaScript. Whatever costs something says so before it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.enrollment.adapters import links
from services.enrollment.domain.enrolment import Enrolment, Programme
from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.roster import Roster, is_over, price, require_open, seats_used
from services.enrollment.domain.status import meeting_status
from services.enrollment.entrypoints import acts
from services.enrollment.usecases.list_participants import rosters_of
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.problems import Problem
from shared.contracts.danish import short_day
from shared.contracts.enrollment import CancelParticipant, RegisterParticipant, ReplaceParticipant, WithdrawEnrolment
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.safety import SECRET_ADDRESS

_LABELS = {
    "name": "Navn",
    "email": "E-mail",
    "accepted_price_ore": "Prisen",
    "reason": "Begrundelse",
    "level": "Niveau",
}
_DONE = {
    "tilmeldt": "Deltageren er tilmeldt",
    "afmeldt": "Deltageren er afmeldt",
    "skiftet": "Deltageren er skiftet",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """Whoever holds the link, and what it is about. `contact_id` stands in causes and audit."""

    token: str
    contact_id: str
    now: datetime
    programme: Programme
    enrolment: Enrolment
    rosters: tuple[Roster, ...]

    @property
    def path(self) -> str:
        return f"/deltagere/{self.token}"

    @property
    def actor(self) -> str:
        return f"person/{self.contact_id}"

    def roster(self, meeting_id: str) -> Roster:
        found = next((one for one in self.rosters if one.meeting.id == meeting_id), None)
        if found is None:
            raise Problem(404, "not_found")
        return found


def participant_pages(host: Host) -> Sequence[BaseRoute]:
    desk = ParticipantDesk(host)
    here = "/deltagere/{token}"
    both = ["GET", "POST"]
    return (
        Route(here, desk.overview, name="participants"),
        Route(f"{here}/afmeld-kommunen", desk.withdraw, methods=both, name="withdraw"),
        Route(f"{here}/{{meeting_id}}", desk.meeting, methods=both, name="meeting"),
        Route(f"{here}/{{meeting_id}}/afmeld/{{person_id}}", desk.cancel, methods=both, name="cancel"),
        Route(f"{here}/{{meeting_id}}/skift/{{person_id}}", desk.replace, methods=both, name="replace"),
    )


class ParticipantDesk:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def overview(self, request: Request) -> Response:
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        return self._page("participants.html", visit, meetings=[_shown(one, visit) for one in visit.rosters])

    async def meeting(self, request: Request) -> Response:
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        roster = visit.roster(request.path_params["meeting_id"])
        if request.method == "GET":
            return self._meeting(visit, roster, Form(), done=_DONE.get(request.query_params.get("besked", "")))
        form = await read_form(request, labels=_LABELS)
        about = {"enrolment_id": visit.enrolment.id, "meeting_id": roster.meeting.id}
        command = form.command(RegisterParticipant, **about)
        if _level_left_out(roster, form) or command is None:
            return self._meeting(visit, roster, form, 422)
        refused = await self._do(acts.REGISTER, command, form, visit)
        if refused is None:
            return _see_other(f"{visit.path}/{roster.meeting.id}?besked=tilmeldt")
        # What was refused may be that the last seat has just been taken: the page shows the seats as they are now.
        again = await self._visit(request)
        if isinstance(again, Response):
            return again
        return self._meeting(again, again.roster(roster.meeting.id), form, refused.status)

    async def cancel(self, request: Request) -> Response:
        return await self._about_one(request, "cancel.html", acts.CANCEL, CancelParticipant, "afmeldt")

    async def replace(self, request: Request) -> Response:
        return await self._about_one(request, "replace.html", acts.REPLACE, ReplaceParticipant, "skiftet")

    async def _about_one(self, request: Request, template: str, act: Act, model: type[Command], done: str) -> Response:
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        roster = visit.roster(request.path_params["meeting_id"])
        back = f"{visit.path}/{roster.meeting.id}"
        seat = roster.seat_of(request.path_params["person_id"])
        if seat is None and request.method == "GET":
            return _see_other(back)
        form, status = Form(labels=_LABELS), 200
        if request.method == "POST":
            form = await read_form(request, labels=_LABELS)
            command = form.command(
                model,
                enrolment_id=visit.enrolment.id,
                meeting_id=roster.meeting.id,
                person_id=request.path_params["person_id"],
            )
            if model is ReplaceParticipant and _level_left_out(roster, form):
                command = None
            refused = None if command is None else await self._do(act, command, form, visit)
            if command is not None and (refused is None or seat is None):
                return _see_other(f"{back}?besked={done}" if refused is None else back)
            status = 422 if refused is None else refused.status
        return self._page(
            template,
            visit,
            status,
            form=form,
            seat=seat,
            meeting=_shown(roster, visit),
            levels=_choices(roster),
            extra=seat in roster.extras,
            moves_in=seat in roster.included and bool(roster.extras),
            back=back,
        )

    async def withdraw(self, request: Request) -> Response:
        visit = await self._visit(request)
        if isinstance(visit, Response):
            return visit
        form, status = Form(labels=_LABELS), 200
        if request.method == "POST":
            form = await read_form(request, labels=_LABELS)
            command = form.command(WithdrawEnrolment, enrolment_id=visit.enrolment.id)
            refused = None if command is None else await self._do(acts.WITHDRAW, command, form, visit)
            if command is not None and refused is None:
                return _see_other(visit.path)
            status = 422 if refused is None else refused.status
        return self._page("withdraw.html", visit, status, form=form)

    async def _do(self, act: Act, command: Command, form: Form, visit: Visit) -> Refused | None:
        """The "no", shown in the form, or None when it is done."""
        reply = await self._host.door.submit(act, command, form.key, actor=visit.actor, patient=True)
        refused = reply.refusal()
        if refused is not None:
            form.refuse(refused)
        return refused

    async def _visit(self, request: Request) -> Visit | Response:
        """The visit; or a page that says that the link does not work any more, or that there is no place."""
        token = request.path_params["token"]
        async with self._host.transaction(Cause(new_correlation(), None, None)) as tx:
            found = links.participants_of(tx.links, token, tx.now)
            if found is None:
                return self._host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
            enrolment_id, contact_id = found
            programme, enrolment, rosters = await rosters_of(tx, enrolment_id)
            now = tx.now
        visit = Visit(token, contact_id, now, programme, enrolment, rosters)
        if enrolment.contact is None or enrolment.contact.person_id != contact_id:
            return self._host.pages.render("enrollment/dead_link.html", status=410, headers=SECRET_ADDRESS)
        if not enrolment.has_place:
            return self._page("no_place.html", visit, 410)
        return visit

    def _meeting(
        self, visit: Visit, roster: Roster, form: Form, status: int = 200, done: str | None = None
    ) -> Response:
        extra = roster.terms.extra if roster.terms and roster.next_is_extra else None
        return self._page(
            "meeting.html",
            visit,
            status,
            form=form,
            done=done,
            meeting=_shown(roster, visit),
            seats=[(seat, seat in roster.extras) for seat in roster.seats],
            levels=_choices(roster),
            changeable=roster.meeting_state != "cancelled" and not is_over(roster, visit.now),
            extra=extra,
            extra_price=price(extra) if extra else None,
            full=roster.next_is_extra and extra is None,
        )

    def _page(self, template: str, visit: Visit, status: int = 200, **values: Any) -> Response:
        return self._host.pages.render(
            f"enrollment/{template}",
            status=status,
            headers=SECRET_ADDRESS,
            terms=visit.programme.terms,
            enrolment=visit.enrolment,
            path=visit.path,
            **values,
        )


def _see_other(path: str) -> Response:
    return RedirectResponse(path, 303, headers=SECRET_ADDRESS)


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
    closed = _closed(roster, visit.now)
    last = roster.last_day_to_register
    return {
        "id": roster.meeting.id,
        "title": roster.meeting.title,
        "when": when_text(roster.meeting),
        "where": where_text(roster.meeting),
        "link": roster.meeting.link,
        "state": roster.meeting_state,
        "status": meeting_status(roster.meeting_state, roster.meeting.date_version),
        "seats": seats_used(roster, closed=closed is not None),
        "closed": closed,
        "last_day": short_day(last) if last and closed is None else None,
    }


def _closed(roster: Roster, now: datetime) -> str | None:
    """Why nobody can be registered now; None when it is open."""
    try:
        require_open(roster, now)
    except Refused as refused:
        return refused.detail
    return None
