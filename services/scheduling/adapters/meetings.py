"""Meetings and the programmes they belong to, as PostgreSQL keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.scheduling.domain.meeting import Standing
from shared.base.cause import Cause
from shared.contracts.programme import MeetingPlan, ProgrammeRef, ProgrammeTerms
from shared.contracts.scheduling import Meeting, When
from shared.storage.tx import Tx

HOLD_MEETING = "hold_meeting"
"""Timer, keyed by meeting."""

_MEETING = """
    SELECT m.id, m.key, m.title, m.kind, m.group_id, m.mode, m.roles, m.first_day, m.last_day, m.starts_at, m.ends_at,
           m.place, m.link, m.date_version, m.state, m.held_on, m.reason, m.plan::text AS plan, p.ref::text AS ref
    FROM meetings m JOIN programmes p ON p.id = m.programme_id
"""


@dataclass(frozen=True, slots=True)
class Programme:
    """What of a programme matters to its meetings. `ours`: facts about its meetings are ours to tell."""

    ref: ProgrammeRef
    ours: bool
    cancelled: bool
    kinds: tuple[str, ...]
    groups: tuple[str, ...]


async def load_programme(tx: Tx, programme_id: str) -> Programme | None:
    """Locked until the transaction ends, so that two new meetings of one programme come one after the other."""
    row = await tx.fetchrow(
        "SELECT ref::text AS ref, ours, cancelled, kinds, groups FROM programmes WHERE id = $1 FOR UPDATE", programme_id
    )
    if row is None:
        return None
    ref = ProgrammeRef.model_validate_json(row["ref"])
    return Programme(ref, row["ours"], row["cancelled"], tuple(row["kinds"]), tuple(row["groups"]))


async def save_programme(tx: Tx, terms: ProgrammeTerms, cause: Cause, *, cancelled: bool) -> bool:
    """Whether this is news: a version that is already known, or older, changes nothing; neither does a second end."""
    changed = await tx.fetchval(
        """
        INSERT INTO programmes (id, version, ref, ours, cancelled, kinds, groups, correlation_id, causation_id, actor)
        VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE SET
            version = excluded.version, ref = excluded.ref, ours = excluded.ours, cancelled = excluded.cancelled,
            kinds = excluded.kinds, groups = excluded.groups,
            correlation_id = excluded.correlation_id, causation_id = excluded.causation_id, actor = excluded.actor
        WHERE (excluded.cancelled AND NOT programmes.cancelled)
           OR (excluded.version > programmes.version AND NOT programmes.cancelled)
        RETURNING id
        """,
        terms.ref.id,
        terms.ref.version,
        terms.ref.model_dump_json(),
        terms.ref.meetings_owner == tx.source,
        cancelled,
        [seat.kind for seat in terms.terms.seats],
        [group.id for group in terms.groups],
        cause.correlation_id,
        cause.causation_id,
        cause.actor,
    )
    return changed is not None


async def load(tx: Tx, meeting_id: str) -> Standing | None:
    """Locked until the transaction ends."""
    row = await tx.fetchrow(_MEETING + "WHERE m.id = $1 FOR UPDATE OF m", meeting_id)
    return None if row is None else _standing(row)


async def load_many(tx: Tx, meeting_ids: Sequence[str]) -> list[Standing]:
    """Locked in the order of their ids."""
    rows = await tx.fetch(_MEETING + "WHERE m.id = ANY($1::text[]) ORDER BY m.id FOR UPDATE OF m", meeting_ids)
    return [_standing(row) for row in rows]


async def load_all(tx: Tx, programme_id: str) -> dict[str, Standing]:
    """Every meeting of a programme by its key, locked."""
    rows = await tx.fetch(_MEETING + "WHERE m.programme_id = $1 ORDER BY m.id FOR UPDATE OF m", programme_id)
    return {row["key"]: _standing(row) for row in rows}


async def read_all(tx: Tx, programme_id: str | None, meeting_id: str | None = None) -> list[Standing]:
    """For people who look: by programme, the dated ones first, in the order of their days."""
    rows = await tx.fetch(
        _MEETING
        + """
        WHERE ($1::text IS NULL OR m.programme_id = $1) AND ($2::text IS NULL OR m.id = $2)
        ORDER BY m.programme_id, m.first_day NULLS LAST, m.starts_at, m.key
        """,
        programme_id,
        meeting_id,
    )
    return [_standing(row) for row in rows]


async def read_with_cause(tx: Tx, meeting_id: str) -> tuple[Standing, str, str | None, str | None] | None:
    """A meeting with the correlation id, causation id and actor of its latest change."""
    standings = await read_all(tx, None, meeting_id)
    row = await tx.fetchrow("SELECT correlation_id, causation_id, actor FROM meetings WHERE id = $1", meeting_id)
    return (standings[0], row["correlation_id"], row["causation_id"], row["actor"]) if standings and row else None


async def save(tx: Tx, standing: Standing, cause: Cause) -> None:
    """The meeting, and the timer that will count it as held."""
    due = standing.counts_as_held_at
    if due is None:
        tx.disarm(HOLD_MEETING, standing.meeting.id)
    else:
        tx.arm(HOLD_MEETING, standing.meeting.id, due, because=cause)
    meeting, when = standing.meeting, standing.meeting.when
    await tx.execute(
        """
        INSERT INTO meetings (id, programme_id, key, title, kind, group_id, mode, roles, first_day, last_day,
                              starts_at, ends_at, place, link, date_version, state, held_on, reason, plan,
                              correlation_id, causation_id, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::text::jsonb,
                $20, $21, $22)
        ON CONFLICT (id) DO UPDATE SET
            title = excluded.title, kind = excluded.kind, group_id = excluded.group_id, mode = excluded.mode,
            roles = excluded.roles, first_day = excluded.first_day, last_day = excluded.last_day,
            starts_at = excluded.starts_at, ends_at = excluded.ends_at, place = excluded.place, link = excluded.link,
            date_version = excluded.date_version, state = excluded.state, held_on = excluded.held_on,
            reason = excluded.reason, plan = excluded.plan, correlation_id = excluded.correlation_id,
            causation_id = excluded.causation_id, actor = excluded.actor
        """,
        meeting.id,
        standing.programme.id,
        meeting.key,
        meeting.title,
        meeting.kind,
        meeting.group,
        meeting.mode,
        list(meeting.roles),
        when.first_day if when else None,
        when.last_day if when else None,
        when.starts_at if when else None,
        when.ends_at if when else None,
        meeting.place,
        meeting.link,
        meeting.date_version,
        standing.state,
        standing.held_on,
        standing.reason,
        standing.plan.model_dump_json() if standing.plan else None,
        cause.correlation_id,
        cause.causation_id,
        cause.actor,
    )


def _standing(row: Any) -> Standing:
    when = None
    if row["first_day"] is not None:
        when = When(
            first_day=row["first_day"], last_day=row["last_day"], starts_at=row["starts_at"], ends_at=row["ends_at"]
        )
    meeting = Meeting(
        id=row["id"],
        key=row["key"],
        title=row["title"],
        kind=row["kind"],
        group=row["group_id"],
        mode=row["mode"],
        when=when,
        place=row["place"],
        link=row["link"],
        date_version=row["date_version"],
        roles=tuple(row["roles"]),
    )
    plan = None if row["plan"] is None else MeetingPlan.model_validate_json(row["plan"])
    ref = ProgrammeRef.model_validate_json(row["ref"])
    return Standing(ref, meeting, row["state"], row["held_on"], row["reason"], plan)
