"""The meetings that members are invited to one by one."""

from __future__ import annotations

from shared.base.cause import Cause
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_MEETINGS = Table(
    "member_meetings",
    {"enrolment_id": "text", "meeting_id": "text", "since": "timestamptz", **CAUSE},
    key=("enrolment_id", "meeting_id"),
)


async def load(tx: Tx, enrolment_id: str) -> frozenset[str]:
    """By the meetings' ids. It stays so while the enrolment is locked."""
    rows = await tx.fetch("SELECT meeting_id FROM member_meetings WHERE enrolment_id = $1", enrolment_id)
    return frozenset(row["meeting_id"] for row in rows)


async def insert(tx: Tx, enrolment_id: str, meeting_id: str, cause: Cause) -> None:
    row = {"enrolment_id": enrolment_id, "meeting_id": meeting_id, "since": tx.now, **cause_columns(cause)}
    await _MEETINGS.insert(tx, [row])


async def remove(tx: Tx, enrolment_id: str, meeting_id: str) -> None:
    await tx.execute(
        "DELETE FROM member_meetings WHERE enrolment_id = $1 AND meeting_id = $2", enrolment_id, meeting_id
    )
