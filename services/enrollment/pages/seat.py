"""What a participant does with a seat of their own, by the link in the mail: pass it on to a colleague, leave it, or
say what they need at the meeting.

A GET changes nothing: mail scanners follow links, any number of times. POST does what the page asks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.needs import asked, may_say
from services.enrollment.domain.roster import free_text, is_changeable, is_late, swap_text, swaps_closed
from services.enrollment.domain.status import meeting_status
from services.enrollment.pages import own_link
from services.enrollment.pages.needs import fields, kept_at_meeting, said, say_own
from services.enrollment.pages.own_link import closed
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_seat import ClosedLink, OwnSeat, read_seat
from services.enrollment.usecases.set_needs import SetNeeds
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.enrollment import CancelParticipant, ReplaceParticipant
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form, new_key
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"name": "Navn", "email": "E-mail", "level": "Niveau"}
_DONE = {"skiftet": "Pladsen er givet videre", "afmeldt": "I er meldt fra mødet"}


async def seat(host: Host, request: Request) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    return _page(host, "seat.html", found, said=said(request))


async def _about(host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    roster = found.roster
    about = {"enrolment_id": roster.enrolment.id, "meeting_id": roster.meeting.id, "person_id": found.person_id}

    def command_of(form: Form) -> Command | None:
        command = form.command(model, **about)
        if model is ReplaceParticipant and roster.levels and not form.value("level"):
            form.add_error("level", "required", "Vælg et af svarene.")
            return None
        return command

    return await own_link.asked(
        host,
        act,
        request,
        found,
        labels=_LABELS,
        command_of=command_of,
        show=lambda status, form: _page(host, template, found, status, form=form),
        done=done,
    )


pass_on = partial(_about, template="pass_on.html", model=ReplaceParticipant, done="skiftet")
leave = partial(_about, template="leave_meeting.html", model=CancelParticipant, done="afmeldt")


async def needs(host: Host, act: Act, request: Request) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    about = {"enrolment_id": found.roster.enrolment.id, "meeting_id": found.roster.meeting.id}

    return await say_own(
        host,
        act,
        request,
        found,
        SetNeeds,
        about,
        lambda status, form: _page(host, "needs.html", found, status, form=form),
        partial(_find, host, request),
        (found.roster.programme.id, Wrote.needs(about["enrolment_id"], about["meeting_id"], found.person_id)),
        asked(found.roster),
    )


async def _find(host: Host, request: Request) -> OwnSeat | Response:
    """The seat; or a page that says that the link does not work any more, or that somebody else has it."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_seat(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if isinstance(found, ClosedLink):
        return closed(host, found)
    if found.seat is None:
        done = _DONE.get(request.query_params.get("besked", ""))
        return _page(host, "seat_gone.html", found, 200 if done else 410, done=done)
    return found


def _page(host: Host, template: str, found: OwnSeat, status: int = 200, **values: Any) -> Response:
    roster = found.roster
    return host.pages.render(
        f"enrollment/{template}",
        status=status,
        headers=SECRET_ADDRESS,
        terms=roster.programme.terms,
        enrolment=roster.enrolment,
        meeting=roster.meeting,
        when=when_text(roster.meeting),
        where=where_text(roster.meeting),
        word=meeting_status(roster.meeting_state, roster.meeting.date_version),
        path=found.path,
        own_page=found.own_page,
        seat=found.seat,
        levels=[(level, level) for level in roster.levels],
        changeable=is_changeable(roster, found.now),
        asked=asked(roster) if may_say(roster, found.now) else None,
        fields=fields(asked(roster)),
        takes_back=new_key(),
        told=(roster.meeting.title, f"{roster.meeting.title}, {when_text(roster.meeting)}", "mødet"),
        keeps=kept_at_meeting(asked(roster), "pladsen afmeldes eller skifter hænder"),
        kept=found.needs is not None,
        swaps_closed=swaps_closed(roster, found.now),
        swap_text=swap_text(roster),
        stays_billed=found.seat in roster.extras and is_late(roster, found.now),
        free_text=free_text(roster) if found.seat in roster.extras else None,
        **values,
    )
