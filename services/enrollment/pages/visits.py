"""What the pages behind a contact's link to its participants and its team, or a secretary's, have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.pages.own_link import refuse, submit
from services.enrollment.pages.standing import access_closed, only_the_contact
from services.enrollment.usecases.read_visit import Visit, read_visit
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.forms import Form
from shared.web.meanwhile import Stands
from shared.web.safety import SECRET_ADDRESS

NEXT_PAGE = "fra"
"""Parameter of the overview: the cursor of a page of meetings."""


async def find(
    host: Host, request: Request, act: Act | None = None, *, explains_team: bool = False
) -> Visit | Response:
    """The visit; or a page that says that the link does not work any more, is somebody else's, or leads to no place, or
    that the `act` is not theirs.
    """
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(NEXT_PAGE)) else {}
    token, meeting_id = request.path_params["token"], request.path_params.get("meeting_id")
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        visit = await read_visit(tx, token, asked, meeting_id, explains_team=explains_team)
    if visit is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if (ended := _why_not(host, visit)) is not None:
        return ended
    if act is not None and not visit.may(act.command.__name__):
        return only_the_contact(host, visit.programme.terms, visit.enrolment.organisation, visit.standing_path)
    return visit


def _why_not(host: Host, visit: Visit) -> Response | None:
    """A page that says why the link leads no further."""
    terms, organisation = visit.programme.terms, visit.enrolment.organisation
    if visit.let_in and not visit.closed:
        return None if visit.enrolment.has_place else show(host, "no_place.html", visit, 410)
    if visit.speaker.is_secretary and not visit.closed:
        return access_closed(host, terms, organisation)
    template = "links_closed" if visit.closed else "handed_on" if visit.handed_on else "dead_link"
    return host.pages.render(
        f"enrollment/{template}.html",
        status=410,
        headers=SECRET_ADDRESS,
        terms=terms,
        organisation=organisation,
        done=False,
    )


async def do(
    host: Host,
    act: Act,
    request: Request,
    command: Command,
    form: Form,
    visit: Visit,
    stands: Callable[[], Awaitable[Stands | None]] | None = None,
) -> Refused | None:
    """The "no", shown in the form, or None when it is done. `stands`: how what it changes stands by now."""
    refused = (await submit(host, act, request, command, form, visit.speaker)).refusal()
    if refused is not None and stands is not None:
        await refuse(form, refused, stands)
    elif refused is not None:
        form.refuse(refused)
    return refused


async def mark_of(host: Host, read: Callable[[Tx], Awaitable[str]]) -> str:
    """Of what is kept, as a form says it of which nobody here is shown anything."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        return await read(tx)


def show(host: Host, template: str, visit: Visit, status: int = 200, **values: Any) -> Response:
    return host.pages.render(
        f"enrollment/{template}",
        status=status,
        headers=SECRET_ADDRESS,
        terms=visit.programme.terms,
        enrolment=visit.enrolment,
        programme=visit.programme,
        path=visit.path,
        standing_path=visit.standing_path,
        visit=visit,
        **values,
    )


def see_other(path: str) -> Response:
    return RedirectResponse(path, 303, headers=SECRET_ADDRESS)
