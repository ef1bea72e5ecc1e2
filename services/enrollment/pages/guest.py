"""What a guest at a meeting does by the link in the mail: sees it, says that they are not coming, or what they need.

A GET changes nothing: mail scanners follow links, any number of times. POST does what the page asks. Nobody else is
shown on any of them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.meeting_copy import is_ahead
from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.needs import asked_of_guests, may_say_as_guest
from services.enrollment.domain.status import meeting_status
from services.enrollment.pages.needs import fields, kept_at_meeting, said, say_own
from services.enrollment.pages.own_link import asked, closed
from services.enrollment.usecases.close_guest_links import CloseGuestLinks
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_own_invitation import OwnInvitation, read_own_invitation
from services.enrollment.usecases.read_seat import ClosedLink
from services.enrollment.usecases.set_needs import SetGuestNeeds
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.enrollment import RemoveGuest
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import new_key
from shared.web.safety import SECRET_ADDRESS

_CLOSED = "lukket"
_DONE = {"afmeldt": "I har meldt afbud"}


async def guest(host: Host, request: Request) -> Response:
    found = await _find(host, request)
    return found if isinstance(found, Response) else _page(host, "guest.html", found, said=said(request))


async def _press(host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    about = {**_about(found), "person_id": found.person_id}
    return await asked(
        host,
        act,
        request,
        found,
        labels={},
        command_of=lambda form: form.command(model, **about),
        show=lambda status, form: _page(host, template, found, status, form=form),
        done=done,
    )


leave = partial(_press, template="leave_as_guest.html", model=RemoveGuest, done="afmeldt")
close_links = partial(_press, template="close_guest_links.html", model=CloseGuestLinks, done=_CLOSED)
"""It ends the link that it is done by, and says so before."""


async def needs(host: Host, act: Act, request: Request) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found

    return await say_own(
        host,
        act,
        request,
        found,
        SetGuestNeeds,
        _about(found),
        lambda status, form: _page(host, "needs.html", found, status, form=form),
        partial(_find, host, request),
        (found.programme.id, Wrote.guest_needs(found.person_id)),
        asked_of_guests(found.programme),
    )


def _about(found: OwnInvitation) -> dict[str, str]:
    return {"programme_id": found.programme.id, "meeting_id": found.copy.meeting.id}


async def _find(host: Host, request: Request) -> OwnInvitation | Response:
    """The invitation; or a page that says that the link does not work any more, or that they are not to come."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_own_invitation(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if isinstance(found, ClosedLink):
        return closed(host, found, 200 if request.query_params.get("besked") == _CLOSED else 410)
    if found.guest is None:
        done = _DONE.get(request.query_params.get("besked", ""))
        return _page(host, "guest_gone.html", found, 200 if done else 410, done=done)
    return found


def _page(host: Host, template: str, found: OwnInvitation, status: int = 200, **values: Any) -> Response:
    programme, meeting, asks = found.programme, found.copy.meeting, asked_of_guests(found.programme)
    may_say = may_say_as_guest(programme, found.copy, found.now)
    return host.pages.render(
        f"enrollment/{template}",
        status=status,
        headers=SECRET_ADDRESS,
        terms=programme.terms,
        seller=programme.ref.seller,
        meeting=meeting,
        when=when_text(meeting),
        where=where_text(meeting),
        word=meeting_status(found.copy.state, meeting.date_version),
        path=found.path,
        own_page=found.own_page,
        guest=found.guest,
        changeable=programme.open and is_ahead(found.copy, found.now),
        asked=asks if may_say else None,
        fields=fields(asks),
        kept=found.needs is not None,
        takes_back=new_key(),
        told=(meeting.title, f"{meeting.title}, {when_text(meeting)}", "mødet"),
        keeps=kept_at_meeting(asks, "I melder afbud"),
        **values,
    )
