"""One meeting by name: who comes, its guests, what can be done about them, and what is printed of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.needs import asked_of_guests, may_say_as_guest
from services.enrollment.domain.status import meeting_status
from services.enrollment.pages.staff_programme import address, cursor_of, following, head_of, reader, show
from services.enrollment.usecases.print_meeting import print_meeting
from services.enrollment.usecases.read_attendees import read_all_attendees, read_attendee_rows, read_attendees
from shared.base.listing import CURSOR
from shared.base.problems import Problem
from shared.runtime.service import Host
from shared.web.exports import Format, whole_table
from shared.web.programme_page import NEXT_PAGE

MORE_GUESTS = "gaester"
"""Parameter of the page: the cursor of a page of guests."""
_FILES: Mapping[str, str] = {"name-tags": "navneskilte", "list": "deltagerliste"}


async def meeting(host: Host, request: Request) -> Response:
    meeting_id = _named(request)
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        cursor = request.query_params.get(MORE_GUESTS)
        found = await read_attendees(tx, head, meeting_id, cursor_of(request), {CURSOR: cursor} if cursor else {})
    if found is None:
        raise Problem(404, "not_found")
    one = found.meeting.meeting
    tracks = {track.id: track.title for track in head.programme.terms.tracks}
    return show(
        host,
        request,
        "staff_meeting.html",
        head,
        found=found,
        meeting=one,
        place=address(request, f"/deltagere/{one.id}"),
        when=when_text(one),
        where=where_text(one),
        stands=meeting_status(found.meeting.state, one.date_version),
        following=following(request, found.following),
        more_guests=_more_guests(request, found.more_guests),
        guests=[(guest.person, tracks.get(guest.track or "", "")) for guest in found.guests],
        asks_needs=asked_of_guests(head.programme) is not None
        and may_say_as_guest(head.programme, found.meeting, head.now),
    )


def _more_guests(request: Request, cursor: str | None) -> str | None:
    """The address of the next page of guests; the people stay as they are shown."""
    if cursor is None:
        return None
    asked = {NEXT_PAGE: said} if (said := request.query_params.get(NEXT_PAGE)) else {}
    return f"{request.url.path}?{urlencode({**asked, MORE_GUESTS: cursor})}#gaester"


async def _printed(host: Host, request: Request, *, paper: Literal["name-tags", "list"]) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_all_attendees(tx, head, _named(request))
    if found is None:
        raise Problem(404, "not_found")
    copy, people = found
    content = await asyncio.to_thread(print_meeting, paper, head.programme, copy, people, head.now)
    name = f'attachment; filename="{_FILES[paper]}.pdf"'
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})


name_tags = partial(_printed, paper="name-tags")
people_list = partial(_printed, paper="list")


async def _table(host: Host, request: Request, *, kind: Format) -> Response:
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
    meeting_id = _named(request)
    if all(one.meeting.id != meeting_id for one in head.meetings):
        raise Problem(404, "not_found")

    async def read(asked: Mapping[str, str]) -> Any:
        async with host.transaction(reader(request)) as tx:
            return await read_attendee_rows(tx, head, asked)

    return await whole_table(read, {"meeting_id": meeting_id}, kind, "deltagere")


as_csv = partial(_table, kind="csv")
as_xlsx = partial(_table, kind="xlsx")


def _named(request: Request) -> str:
    named: str = request.path_params["meeting_id"]
    if not named.isprintable():
        raise Problem(404, "not_found")
    return named
