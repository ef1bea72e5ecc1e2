"""Who comes to a programme's meetings, organisation by organisation, and what the kitchen is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.enrollment.adapters import enrolments, overview, teams
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.meeting_copy import MeetingCopy, begins_at
from services.enrollment.domain.overview import Places, places_at
from services.enrollment.usecases.read_needs import read_needs
from services.enrollment.usecases.read_programme_page import Head
from shared.base.failures import Failure, classify
from shared.base.listing import invalid_cursor, page_of
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Attendance:
    """At one meeting; `attendance` as of its kind. `needs` is None where nothing is asked."""

    meeting: MeetingCopy
    attendance: str
    registered: int
    """In all, whatever page it is."""
    rows: tuple[tuple[Enrolment, Places], ...]
    following: str | None
    needs: tuple[Mapping[str, Any], ...] | None


async def read_attendance(tx: Tx, head: Head, query: Mapping[str, str]) -> Attendance | None:
    """At the meeting that `meeting_id` says, else at the next one; with `nobody` only of those who have named nobody.
    None where the programme has no such meeting. Refused for a cursor that is none of ours.
    """
    copy = _chosen(head, query.get("meeting_id", ""))
    if copy is None:
        return None
    meeting = copy.meeting
    term = next((one for one in head.programme.terms.terms.seats if one.kind == meeting.kind), None)
    attendance = "none" if term is None else "contact" if meeting.roles else term.attendance
    page = page_of(query, "attendance", most=ON_A_PAGE)
    try:
        ids, following = page.cut(
            await overview.load_attending(
                tx,
                page,
                head.programme.id,
                meeting_id=meeting.id,
                group=meeting.group,
                nobody=True if query.get("nobody") and attendance == "registered" else None,
            )
        )
    except Exception as error:
        if page.after is not None and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    known = await enrolments.load_many(tx, ids)
    seats = await overview.load_seats(tx, ids, meeting.id)
    sizes = await teams.load_sizes(tx, ids)
    by_team = attendance in {"team", "members"}

    def places(one: Enrolment) -> Places:
        team = sizes.get(one.id, 0) if by_team else None
        return places_at(one, meeting.kind, *seats.get(one.id, (0, 0)), team=team)

    return Attendance(
        meeting=copy,
        attendance=attendance,
        registered=await overview.count_seats(tx, meeting.id),
        rows=tuple((known[one], places(known[one])) for one in ids),
        following=following,
        needs=await _needs(tx, meeting.id),
    )


def _chosen(head: Head, meeting_id: str) -> MeetingCopy | None:
    if meeting_id:
        return next((one for one in head.meetings if one.meeting.id == meeting_id), None)
    coming = [one for one in head.meetings if one.state == "scheduled" and one.meeting.when]
    ahead = [one for one in coming if one.meeting.when and begins_at(one.meeting.when) > head.now]
    return next(iter(ahead), None) or next(iter(reversed(coming)), None) or next(iter(head.meetings), None)


async def _needs(tx: Tx, meeting_id: str) -> tuple[Mapping[str, Any], ...] | None:
    try:
        found = await read_needs(tx, {"meeting_id": meeting_id})
    except Refused:
        return None
    return tuple(found["needs"])
