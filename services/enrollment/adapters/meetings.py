"""Our copy of what the owner of the meetings has told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from services.enrollment.domain.status import MeetingState
from shared.contracts.scheduling import Meeting
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class MeetingCopy:
    programme_id: str
    state: MeetingState
    meeting: Meeting
    sequence: int | None


async def put(tx: Tx, copies: Sequence[MeetingCopy]) -> None:
    """The newest of each meeting wins: one that is told with a lower sequence than ours changes nothing."""
    newest = dict(sorted({copy.meeting.id: copy for copy in copies}.items()))
    await tx.execute(
        """
        INSERT INTO meetings (id, programme_id, state, meeting, group_id, first_day, sequence)
        SELECT id, programme_id, state, meeting::jsonb, group_id, first_day, sequence
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::bigint[])
            AS new (id, programme_id, state, meeting, group_id, first_day, sequence)
        ON CONFLICT (id) DO UPDATE SET
            state = excluded.state, meeting = excluded.meeting, group_id = excluded.group_id,
            first_day = excluded.first_day, sequence = coalesce(excluded.sequence, meetings.sequence)
        WHERE excluded.sequence IS NULL OR meetings.sequence IS NULL OR excluded.sequence > meetings.sequence
        """,
        list(newest),
        [copy.programme_id for copy in newest.values()],
        [copy.state for copy in newest.values()],
        [copy.meeting.model_dump_json() for copy in newest.values()],
        [copy.meeting.group for copy in newest.values()],
        [copy.meeting.when.first_day if copy.meeting.when else None for copy in newest.values()],
        [copy.sequence for copy in newest.values()],
    )


async def load(tx: Tx, meeting_id: str) -> MeetingCopy | None:
    row = await tx.fetchrow(
        "SELECT programme_id, state, meeting::text AS meeting, sequence FROM meetings WHERE id = $1", meeting_id
    )
    return None if row is None else _copy(row)


async def of_programme(tx: Tx, programme_id: str) -> tuple[MeetingCopy, ...]:
    """Dated ones first, by their day."""
    rows = await tx.fetch(
        "SELECT programme_id, state, meeting::text AS meeting, sequence FROM meetings "
        "WHERE programme_id = $1 ORDER BY first_day NULLS LAST, id",
        programme_id,
    )
    return tuple(map(_copy, rows))


def _copy(row: Record) -> MeetingCopy:
    return MeetingCopy(
        programme_id=row["programme_id"],
        state=row["state"],
        meeting=Meeting.model_validate_json(row["meeting"]),
        sequence=row["sequence"],
    )
