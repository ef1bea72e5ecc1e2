"""Our copy of what the owner of the meetings has told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from services.enrollment.domain.meeting_copy import MeetingCopy
from shared.base.listing import Page, Placed
from shared.contracts.scheduling import Meeting
from shared.storage.order import Order
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
_COLUMNS = "id, programme_id, state, meeting::text AS meeting, sequence"
_SELECT = f"SELECT {_COLUMNS} FROM meetings"
_IN_ORDER = Order({"coalesce(first_day, 'infinity')": "date", "id": "text"})


async def load(tx: Tx, meeting_id: str) -> MeetingCopy | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1", meeting_id)
    return None if row is None else _copy(row)


async def load_page(tx: Tx, page: Page, programme_id: str) -> list[Placed[MeetingCopy]]:
    """Of a programme; dated ones first, by their day."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS}, {_IN_ORDER.place} FROM meetings WHERE programme_id = $1 AND {_IN_ORDER.after(2)} "
        f"ORDER BY {_IN_ORDER.by} LIMIT $3",
        programme_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _copy(row)) for row in rows]


async def load_page_for_group(tx: Tx, page: Page, programme_id: str, group: str | None) -> list[Placed[MeetingCopy]]:
    """As `load_page`, those that are for this group or for everybody."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS}, {_IN_ORDER.place} FROM meetings "
        f"WHERE programme_id = $1 AND (group_id IS NULL OR group_id = $2) AND {_IN_ORDER.after(3)} "
        f"ORDER BY {_IN_ORDER.by} LIMIT $4",
        programme_id,
        group,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _copy(row)) for row in rows]


async def load_of_programme(tx: Tx, programme_id: str) -> tuple[MeetingCopy, ...]:
    """All of them, in the order of `load_page`."""
    rows = await tx.fetch(f"{_SELECT} WHERE programme_id = $1 ORDER BY {_IN_ORDER.by}", programme_id)
    return tuple(map(_copy, rows))


async def load_many(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, MeetingCopy]:
    """By id."""
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1) ORDER BY id", sorted(set(meeting_ids)))
    return {row["id"]: _copy(row) for row in rows}


async def load_last_day(tx: Tx, programme_id: str) -> date | None:
    """The last day on which the programme meets, as far as is known; None before any meeting has its day."""
    found: date | None = await tx.fetchval(
        """
        SELECT max(coalesce((meeting #>> '{when,last_day}')::date, first_day)) FROM meetings
        WHERE programme_id = $1 AND state <> 'cancelled'
        """,
        programme_id,
    )
    return found


async def lock_many(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, MeetingCopy]:
    """By id, locked in the order of their ids."""
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1) ORDER BY id FOR UPDATE", sorted(set(meeting_ids)))
    return {row["id"]: _copy(row) for row in rows}


async def lock_shared(tx: Tx, meeting_id: str) -> MeetingCopy:
    """One that is known; nothing new is told of it until the transaction ends."""
    return _copy(await tx.fetchrow(f"{_SELECT} WHERE id = $1 FOR SHARE", meeting_id))


async def lock_shared_of_programme(tx: Tx, programme_id: str) -> tuple[MeetingCopy, ...]:
    """All of them, in the order of their ids; nothing new is told of them until the transaction ends."""
    rows = await tx.fetch(f"{_SELECT} WHERE programme_id = $1 ORDER BY id FOR SHARE", programme_id)
    return tuple(map(_copy, rows))


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
