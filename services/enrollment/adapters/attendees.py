"""Whoever comes to a meeting: by seat, or on a standing team that is invited to it."""

from __future__ import annotations

from typing import Any

from services.enrollment.domain.attendees import Attendee
from shared.base.listing import Page, Placed
from shared.contracts.scheduling import Meeting
from shared.storage.order import Order
from shared.storage.tx import Tx

_BY_ORGANISATION = Order({"o.sort_key": "text", "o.code": "text", "p.person_id": "text"})
_COLUMNS = (
    "e.id, o.name AS organisation, p.person_id, coalesce(w.written_name, p.name) AS name, "
    "coalesce(w.written_email, p.email) AS email"
)
_BY_SEAT = """
    FROM rosters r JOIN seats w ON w.roster_id = r.id JOIN people p ON p.person_id = w.person_id
    JOIN enrolments e ON e.id = r.enrolment_id JOIN organisations o ON o.code = e.organisation_code
    WHERE r.meeting_id = $3 AND e.programme_id = $4
"""
_BY_TEAM = """
    FROM enrolments e JOIN organisations o ON o.code = e.organisation_code
    JOIN team_members w ON w.enrolment_id = e.id JOIN people p ON p.person_id = w.person_id
    WHERE e.programme_id = $4 AND e.state = 'enrolled' AND ($5::text IS NULL OR e.group_id = $5)
      AND (e.ad_hoc IS NOT NULL) = $6 AND (e.ad_hoc IS NOT TRUE OR EXISTS (
          SELECT FROM member_meetings c WHERE c.enrolment_id = e.id AND c.meeting_id = $3
      ))
"""


async def load_page_of_seats(tx: Tx, page: Page, programme_id: str, meeting: Meeting) -> list[Placed[Attendee]]:
    """Whoever has a seat, in Danish order of the organisations."""
    columns = f"{_COLUMNS}, w.level, w.walked_in"
    return await _load(tx, page, columns, _BY_SEAT, meeting.id, programme_id)


async def load_page_of_teams(
    tx: Tx, page: Page, programme_id: str, meeting: Meeting, *, members: bool = False
) -> list[Placed[Attendee]]:
    """Those on the teams of the meeting's group, in Danish order of the organisations; `members`: of those that come to
    single meetings, and are invited to this one.
    """
    columns = f"{_COLUMNS}, NULL AS level, false AS walked_in"
    return await _load(tx, page, columns, _BY_TEAM, meeting.id, programme_id, meeting.group, members)


async def _load(tx: Tx, page: Page, columns: str, source: str, *arguments: Any) -> list[Placed[Attendee]]:
    rows = await tx.fetch(
        f"SELECT {columns}, {_BY_ORGANISATION.place} {source} AND {_BY_ORGANISATION.after(1)} "
        f"ORDER BY {_BY_ORGANISATION.by} LIMIT $2",
        page.after,
        page.wanted,
        *arguments,
    )
    return [(row["stands_at"], _attendee(row)) for row in rows]


def _attendee(row: Any) -> Attendee:
    return Attendee(
        enrolment_id=row["id"],
        organisation=row["organisation"],
        person_id=row["person_id"],
        name=row["name"],
        email=row["email"],
        level=row["level"] or "",
        walked_in=row["walked_in"],
    )
