"""The meetings that members are invited to one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.notifications.domain.text import storable
from shared.storage.table import Table
from shared.storage.tx import Tx

Call = tuple[str, str]
"""Enrolment and meeting."""

_MEETINGS = Table(
    "member_meetings",
    {"enrolment_id": "text", "meeting_id": "text", "since": "timestamptz"},
    key=("enrolment_id", "meeting_id"),
)


async def save(tx: Tx, calls: Mapping[Call, datetime | None]) -> None:
    """Since when each is invited; None = it is not, or no longer."""
    gone = [call for call, since in calls.items() if since is None]
    await tx.execute(
        """
        DELETE FROM member_meetings AS c USING unnest($1::text[], $2::text[]) AS u (enrolment_id, meeting_id)
        WHERE c.enrolment_id = u.enrolment_id AND c.meeting_id = u.meeting_id
        """,
        [storable(enrolment) for enrolment, _ in gone],
        [storable(meeting) for _, meeting in gone],
    )
    rows = [
        {"enrolment_id": storable(enrolment), "meeting_id": storable(meeting), "since": since}
        for (enrolment, meeting), since in calls.items()
        if since is not None
    ]
    await _MEETINGS.upsert(tx, rows)
