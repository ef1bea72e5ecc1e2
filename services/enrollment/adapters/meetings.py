"""Our copy of what the owner of the meetings has told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.enrollment.domain.meeting_copy import MeetingCopy
from shared.contracts.scheduling import Meeting
from shared.storage.table import Table
from shared.storage.tx import Tx

_MEETINGS = Table(
    "meetings",
    {
        "id": "text",
        "programme_id": "text",
        "state": "text",
        "meeting": "jsonb",
        "group_id": "text",
        "first_day": "date",
        "sequence": "bigint",
    },
    key=("id",),
    fixed=("programme_id",),
)
_SELECT = "SELECT id, programme_id, state, meeting::text AS meeting, sequence FROM meetings"


async def load(tx: Tx, meeting_id: str) -> MeetingCopy | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1", meeting_id)
    return None if row is None else _copy(row)


async def load_all(tx: Tx, programme_id: str) -> tuple[MeetingCopy, ...]:
    """Of a programme; dated ones first, by their day."""
    rows = await tx.fetch(f"{_SELECT} WHERE programme_id = $1 ORDER BY first_day NULLS LAST, id", programme_id)
    return tuple(map(_copy, rows))


async def lock_many(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, MeetingCopy]:
    """By id, locked in the order of their ids."""
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1) ORDER BY id FOR UPDATE", sorted(set(meeting_ids)))
    return {row["id"]: _copy(row) for row in rows}


async def save(tx: Tx, copies: Sequence[MeetingCopy]) -> None:
    await _MEETINGS.upsert(
        tx,
        [
            {
                "id": copy.meeting.id,
                "programme_id": copy.programme_id,
                "state": copy.state,
                "meeting": copy.meeting.model_dump_json(),
                "group_id": copy.meeting.group,
                "first_day": copy.meeting.when.first_day if copy.meeting.when else None,
                "sequence": copy.sequence,
            }
            for copy in copies
        ],
    )


def _copy(row: Any) -> MeetingCopy:
    return MeetingCopy(
        programme_id=row["programme_id"],
        state=row["state"],
        meeting=Meeting.model_validate_json(row["meeting"]),
        sequence=row["sequence"],
    )
