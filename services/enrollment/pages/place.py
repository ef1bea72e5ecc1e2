"""What somebody on a standing team does with a place of their own, by the link in the mail: pass it on to a colleague,
leave it, or say what they need at their meetings.

A GET changes nothing: mail scanners follow links, any number of times. POST does what the page asks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.needs import asked_of_team, may_say_on_team
from services.enrollment.domain.status import meeting_status
from services.enrollment.domain.team_meetings import until_when
from services.enrollment.pages.needs import fields, kept_on_team, said, say_own
from services.enrollment.pages.own_link import asked, closed
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_place import OwnPlace, read_place
from services.enrollment.usecases.read_seat import ClosedLink
from services.enrollment.usecases.set_needs import SetTeamNeeds
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.enrollment import RemoveTeamMember, ReplaceTeamMember
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import new_key
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"name": "Navn", "email": "E-mail"}
_DONE = {"skiftet": "Pladsen er givet videre", "afmeldt": "I er meldt fra"}


async def place(host: Host, request: Request) -> Response:
    found = await _find(host, request)
    return found if isinstance(found, Response) else _page(host, "place.html", found, said=said(request))


async def _about(host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    about = {"enrolment_id": found.team.enrolment.id, "person_id": found.person_id}
    return await asked(
        host,
        act,
        request,
        found,
        labels=_LABELS,
        command_of=lambda form: form.command(model, **about),
        show=lambda status, form: _page(host, template, found, status, form=form),
        done=done,
    )


pass_on = partial(_about, template="pass_on_place.html", model=ReplaceTeamMember, done="skiftet")
leave = partial(_about, template="leave_place.html", model=RemoveTeamMember, done="afmeldt")


async def needs(host: Host, act: Act, request: Request) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found

    return await say_own(
        host,
        act,
        request,
        found,
        SetTeamNeeds,
        {"enrolment_id": found.team.enrolment.id},
        lambda status, form: _page(host, "needs.html", found, status, form=form, changeable=_may_say(found)),
        partial(_find, host, request),
        (found.team.programme.id, Wrote.team_needs(found.team.enrolment.id, found.person_id)),
        asked_of_team(found.team),
    )


async def _find(host: Host, request: Request) -> OwnPlace | Response:
    """The place; or a page that says that the link does not work any more, or that somebody else has it."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_place(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if isinstance(found, ClosedLink):
        return closed(host, found)
    if found.member is None:
        done = _DONE.get(request.query_params.get("besked", ""))
        return _page(host, "place_gone.html", found, 200 if done else 410, done=done)
    return found


def _may_say(found: OwnPlace) -> bool:
    return may_say_on_team(found.team, found.meetings, found.now)


def _page(host: Host, template: str, found: OwnPlace, status: int = 200, **values: Any) -> Response:
    team, now = found.team, found.now
    terms, contact, ahead = team.programme.terms, team.enrolment.contact, found.meetings.ahead(now)
    words = [meeting_status(one.state, one.meeting.date_version) for one in ahead]
    shown = [
        (one.meeting, when_text(one.meeting), where_text(one.meeting), word)
        for one, word in zip(ahead, words, strict=True)
    ]
    asks = asked_of_team(team)
    changeable = team.programme.open and not found.meetings.over(now)
    shown_there = {"changeable": changeable, **values}
    return host.pages.render(
        f"enrollment/{template}",
        status=status,
        headers=SECRET_ADDRESS,
        terms=terms,
        enrolment=team.enrolment,
        contact_role=contact.role if contact else terms.terms.contact_label,
        path=found.path,
        own_page=found.own_page,
        member=found.member,
        meetings=shown,
        asked=asks,
        fields=fields(asks),
        may_say=_may_say(found),
        kept=found.needs is not None,
        takes_back=new_key(),
        told=("jeres plads", f"{team.enrolment.organisation.name}, {terms.ref.title}", "jeres møder"),
        keeps=kept_on_team(asks, found.meetings.last_day()),
        swaps_closed=found.meetings.frozen(now),
        until=until_when(found.meetings, now),
        **shown_there,
    )
