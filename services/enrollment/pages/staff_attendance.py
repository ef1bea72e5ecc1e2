"""Who comes to which meeting: how many of each organisation, who has named nobody, and what the kitchen is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.meeting_text import when_text, where_text
from services.enrollment.domain.status import meeting_status
from services.enrollment.pages.staff_programme import cursor_of, following, head_of, reader, show
from services.enrollment.usecases.read_attendance import read_attendance
from shared.base.problems import Problem
from shared.contracts.danish import short_day
from shared.contracts.scheduling import Meeting
from shared.runtime.service import Host

_NOBODY_REGISTERS = {
    "contact": "Til det her møde inviteres kun kontakterne. Ingen tilmeldes.",
    "none": "Til det her møde tilmeldes ingen.",
}


async def attendance(host: Host, request: Request) -> Response:
    asked = request.query_params
    nobody = asked.get("ingen") == "ja"
    query = {"meeting_id": asked.get("moede", ""), "nobody": "ja" if nobody else "", **cursor_of(request)}
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_attendance(tx, head, query)
    if found is None and query["meeting_id"]:
        raise Problem(404, "not_found")
    meeting = found.meeting.meeting if found else None
    return show(
        host,
        request,
        "staff_attendance.html",
        head,
        found=found,
        meeting=meeting,
        when=when_text(meeting) if meeting else "",
        where=where_text(meeting) if meeting else "",
        stands=meeting_status(found.meeting.state, meeting.date_version) if found and meeting else "",
        meetings=[(one.meeting.id, _named(one.meeting)) for one in head.meetings],
        nobody=nobody,
        silent=_NOBODY_REGISTERS.get(found.attendance) if found else None,
        rows=[
            {
                "id": enrolment.id,
                "name": enrolment.organisation.name,
                "registered": places.registered,
                "free": "–" if places.free is None else places.free,
                "extra": places.extra,
            }
            for enrolment, places in (found.rows if found else ())
        ],
        following=following(request, found.following) if found else None,
        needs=_needs(found.needs) if found and found.needs is not None else None,
    )


def _named(meeting: Meeting) -> str:
    return f"{short_day(meeting.when.first_day)}: {meeting.title}" if meeting.when else f"{meeting.title} (uden dato)"


def _needs(needs: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return [(one["title"] or one["text"] or one["choice"] or one["part"], one["how_many"]) for one in needs]
