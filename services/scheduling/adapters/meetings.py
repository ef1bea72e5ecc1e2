"""Meetings and the programmes they belong to, as PostgreSQL keeps them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from services.scheduling.adapters.outlines import outline_of
from services.scheduling.adapters.steps import TRACKS
from services.scheduling.domain.meeting import Frame, Standing
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.programme import MeetingPlan, ProgrammeRef, ProgrammeTerms
from shared.contracts.scheduling import Meeting, When
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns, cause_of
from shared.storage.tx import Tx

_PROGRAMMES = Table(
    "programmes",
    {
        "id": "text",
        "version": "integer",
        "ref": "jsonb",
        "ours": "boolean",
        "cancelled": "boolean",
        "kinds": "text[]",
        "groups": "text[]",
        "terms": "jsonb",
        "tracks": "jsonb",
        "tracks_version": "integer",
        "outline": "jsonb",
        **CAUSE,
    },
    key=("id",),
)
_MEETINGS = Table(
    "meetings",
    {
        "id": "text",
        "programme_id": "text",
        "key": "text",
        "title": "text",
        "kind": "text",
        "group_id": "text",
        "mode": "text",
        "roles": "text[]",
        "first_day": "date",
        "last_day": "date",
        "starts_at": "timestamptz",
        "ends_at": "timestamptz",
        "place": "text",
        "link": "text",
        "date_version": "integer",
        "state": "text",
        "held_on": "date",
        "reason": "text",
        "plan": "jsonb",
        **CAUSE,
    },
    key=("id",),
    fixed=("programme_id", "key"),
)
_COLUMNS = """
    m.id, m.key, m.title, m.kind, m.group_id, m.mode, m.roles, m.first_day, m.last_day, m.starts_at, m.ends_at,
           m.place, m.link, m.date_version, m.state, m.held_on, m.reason, m.plan::text AS plan, p.ref::text AS ref,
           m.correlation_id, m.causation_id, m.actor
"""
_FROM = "FROM meetings m JOIN programmes p ON p.id = m.programme_id"
_SELECT = f"SELECT {_COLUMNS} {_FROM}"
_IN_ORDER = Order(
    {
        "m.programme_id": "text",
        "coalesce(m.first_day, 'infinity')": "date",
        "coalesce(m.starts_at, 'infinity')": "timestamptz",
        "m.key": "text",
    }
)
_AS_PLANNED = Order(
    {"m.comes_at": "text", "coalesce(m.starts_at, 'infinity')": "timestamptz", "m.key": "text"},
)
_CHANGES = """
    INSERT INTO meeting_changes (meeting_id, state, first_day, last_day, starts_at, ends_at, place, reason, changed_at,
        correlation_id, causation_id, actor)
    SELECT m.id, m.state, m.first_day, m.last_day, m.starts_at, m.ends_at, m.place, m.reason, $2, m.correlation_id,
        m.causation_id, m.actor
    FROM meetings m LEFT JOIN LATERAL (
        SELECT * FROM meeting_changes c WHERE c.meeting_id = m.id ORDER BY c.id DESC LIMIT 1
    ) old ON true
    WHERE m.id = ANY($1::text[])
      AND (old.state, old.first_day, old.last_day, old.starts_at, old.ends_at, old.place, old.reason)
          IS DISTINCT FROM (m.state, m.first_day, m.last_day, m.starts_at, m.ends_at, m.place, m.reason)
    ORDER BY m.id
"""
"""That a meeting stands as before is no change of it."""
_IN_TURN = Order({"c.id": "bigint"})
_NEWEST_FIRST = Order({"(-c.id)": "bigint"})
_SELECT_PLACED = f"SELECT {_COLUMNS}, {_IN_ORDER.place} {_FROM}"


async def lock_frame(tx: Tx, programme_id: str) -> Frame | None:
    """Until the transaction ends, so that two new meetings of one programme come one after the other."""
    row = await tx.fetchrow(
        "SELECT ref::text AS ref, cancelled, kinds, groups FROM programmes WHERE id = $1 FOR UPDATE", programme_id
    )
    if row is None:
        return None
    ref = ProgrammeRef.model_validate_json(row["ref"])
    return Frame(ref, row["cancelled"], tuple(row["kinds"]), tuple(row["groups"]))


async def save_frame(tx: Tx, terms: ProgrammeTerms, cause: Cause, *, cancelled: bool) -> bool:
    """Whether this is news: a version that is already known, or older, changes nothing; neither does a second end."""
    row = {
        "id": terms.ref.id,
        "version": terms.ref.version,
        "ref": terms.ref.model_dump_json(),
        "ours": terms.ref.meetings_owner == tx.source,
        "cancelled": cancelled,
        "kinds": json.dumps([seat.kind for seat in terms.terms.seats]),
        "groups": json.dumps([group.id for group in terms.groups]),
        "tracks": TRACKS.dump_json(terms.tracks).decode(),
        "tracks_version": terms.ref.version,
        "outline": outline_of(terms),
        **cause_columns(cause),
    }
    news = "NOT old.cancelled AND (excluded.cancelled OR excluded.version > old.version)"
    return await _PROGRAMMES.upsert(tx, [row], when=news) > 0


async def lock(tx: Tx, meeting_id: str) -> Standing | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE m.id = $1 FOR UPDATE OF m", meeting_id)
    return None if row is None else _standing(row)


async def lock_many(tx: Tx, meeting_ids: Sequence[str]) -> list[Standing]:
    """In the order of their ids."""
    rows = await tx.fetch(f"{_SELECT} WHERE m.id = ANY($1::text[]) ORDER BY m.id FOR UPDATE OF m", meeting_ids)
    return [_standing(row) for row in rows]


async def lock_keys(tx: Tx, programme_id: str, keys: Sequence[str]) -> dict[str, Standing]:
    """Those of a programme that have these keys, by key."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE m.key = ANY($2::text[]) AND m.programme_id = $1 ORDER BY m.id FOR UPDATE OF m",
        programme_id,
        keys,
    )
    return {row["key"]: _standing(row) for row in rows}


async def lock_dropped(tx: Tx, programme_id: str, keys: Sequence[str], most: int) -> list[Standing]:
    """At most so many of those that its file has named, with none of these keys, and that are not over."""
    rows = await tx.fetch(
        f"""{_SELECT} WHERE m.programme_id = $1 AND m.state NOT IN ('cancelled', 'held') AND m.plan IS NOT NULL
        AND m.key <> ALL($2::text[]) ORDER BY m.id LIMIT $3 FOR UPDATE OF m""",
        programme_id,
        keys,
        most,
    )
    return [_standing(row) for row in rows]


async def lock_open(tx: Tx, programme_id: str, most: int) -> list[Standing]:
    """At most so many of those that are not over."""
    rows = await tx.fetch(
        f"""{_SELECT} WHERE m.programme_id = $1 AND m.state NOT IN ('cancelled', 'held')
        ORDER BY m.id LIMIT $2 FOR UPDATE OF m""",
        programme_id,
        most,
    )
    return [_standing(row) for row in rows]


async def save_terms(tx: Tx, terms: ProgrammeTerms) -> None:
    """Of a programme whose frame was saved here, for whoever follows the rest of them."""
    await _PROGRAMMES.update(tx, [{"id": terms.ref.id, "terms": terms.model_dump_json()}])


async def lock_terms(tx: Tx, programme_id: str, version: int) -> ProgrammeTerms | None:
    """None when another version counts by now, or the programme is cancelled."""
    row = await tx.fetchrow(
        """
        SELECT terms::text AS terms FROM programmes
        WHERE id = $1 AND version = $2 AND NOT cancelled AND (terms #>> '{ref,version}')::integer = $2 FOR UPDATE
        """,
        programme_id,
        version,
    )
    return None if row is None else ProgrammeTerms.model_validate_json(row["terms"])


async def load(tx: Tx, meeting_id: str) -> tuple[Standing, Cause] | None:
    """With the cause of its latest change."""
    row = await tx.fetchrow(f"{_SELECT} WHERE m.id = $1", meeting_id)
    return None if row is None else (_standing(row), cause_of(row))


async def load_page(
    tx: Tx, page: Page, *, programme_id: str | None, group: str | None, state: str | None
) -> list[Placed[Standing]]:
    """By programme, the dated ones first, in the order of their days; None = any."""
    rows = await tx.fetch(
        f"""
        {_SELECT_PLACED} WHERE ($1::text IS NULL OR m.programme_id = $1) AND ($2::text IS NULL OR m.group_id = $2)
          AND ($3::text IS NULL OR m.state = $3) AND {_IN_ORDER.after(4)}
        ORDER BY {_IN_ORDER.by} LIMIT $5
        """,
        programme_id,
        group,
        state,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _standing(row)) for row in rows]


async def load_page_as_planned(tx: Tx, page: Page, programme_id: str, group: str | None) -> list[Placed[Standing]]:
    """Of a programme, in the order in which people plan: by the day, else by the month that it is planned in, and what
    has neither at the end. Of one group with what is for everybody; None = all.
    """
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_AS_PLANNED.place} {_FROM}
        WHERE m.programme_id = $1 AND ($2::text IS NULL OR m.group_id = $2 OR m.group_id IS NULL)
          AND {_AS_PLANNED.after(3)}
        ORDER BY {_AS_PLANNED.by} LIMIT $4
        """,
        programme_id,
        group,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _standing(row)) for row in rows]


async def count_states(tx: Tx, programme_id: str) -> dict[str, int]:
    """How many meetings of a programme stand as, by state."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS number_of FROM meetings WHERE programme_id = $1 GROUP BY state", programme_id
    )
    return {row["state"]: row["number_of"] for row in rows}


async def load_beside(tx: Tx, programme_id: str, meeting_id: str, first: date, last: date, most: int) -> list[str]:
    """Titles of the programme's other meetings that have one of these days, and are not called off."""
    rows = await tx.fetch(
        """
        SELECT title FROM meetings
        WHERE programme_id = $1 AND id <> $2 AND first_day <= $4 AND last_day >= $3 AND state <> 'cancelled'
        ORDER BY first_day, key LIMIT $5
        """,
        programme_id,
        meeting_id,
        first,
        last,
        most,
    )
    return [row["title"] for row in rows]


class Undated(NamedTuple):
    """A meeting without a date, the programme's title, and the month (YYYY-MM) in which it is planned."""

    meeting_id: str
    programme_id: str
    programme: str
    title: str
    group: str | None
    month: str


async def load_undated(
    tx: Tx, programme_ids: Collection[str] | None, up_to_month: str, most: int
) -> tuple[list[Undated], int]:
    """Of these programmes (None = of all), those planned in that month (YYYY-MM) or before, the earliest at first; and
    how many there are in all.
    """
    rows = await tx.fetch(
        """
        SELECT m.id, m.programme_id, p.ref ->> 'title' AS programme, m.title, m.group_id, m.plan ->> 'month' AS month,
            count(*) OVER () AS total
        FROM meetings m JOIN programmes p ON p.id = m.programme_id
        WHERE m.state = 'planned' AND m.plan ->> 'month' <= $1 AND NOT p.cancelled
            AND ($3::text[] IS NULL OR m.programme_id = ANY($3))
        ORDER BY m.plan ->> 'month', m.programme_id, m.key LIMIT $2
        """,
        up_to_month,
        most,
        None if programme_ids is None else sorted(programme_ids),
    )
    found = [
        Undated(row["id"], row["programme_id"], row["programme"], row["title"], row["group_id"], row["month"])
        for row in rows
    ]
    return found, rows[0]["total"] if rows else 0


async def save(tx: Tx, standing: Standing, cause: Cause) -> None:
    await save_many(tx, [standing], cause)


async def save_many(tx: Tx, standings: Sequence[Standing], cause: Cause) -> None:
    """Of several states of one meeting the last one stands."""
    last = {standing.meeting.id: standing for standing in standings}
    rows = [_row(standing, cause) for standing in last.values()]
    await _MEETINGS.upsert(tx, rows)
    if rows:
        await tx.execute(_CHANGES, [row["id"] for row in rows], tx.now)


async def load_page_of_changes(tx: Tx, page: Page, programme_id: str) -> list[Placed[dict[str, Any]]]:
    """Of all meetings of a programme, in the order in which they came about."""
    rows = await tx.fetch(
        f"""
        SELECT m.key, m.title, c.state, c.first_day, c.last_day, c.starts_at, c.ends_at, c.place, c.reason,
            c.changed_at, c.actor, {_IN_TURN.place}
        FROM meetings m JOIN meeting_changes c ON c.meeting_id = m.id
        WHERE m.programme_id = $1 AND {_IN_TURN.after(2)} ORDER BY {_IN_TURN.by} LIMIT $3
        """,
        programme_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], dict(row)) for row in rows]


async def load_page_of_history(tx: Tx, page: Page, meeting_id: str) -> list[Placed[dict[str, Any]]]:
    """Of one meeting, the newest change at first."""
    rows = await tx.fetch(
        f"""
        SELECT c.state, c.first_day, c.last_day, c.starts_at, c.ends_at, c.place, c.reason, c.changed_at, c.actor,
            {_NEWEST_FIRST.place}
        FROM meeting_changes c
        WHERE c.meeting_id = $1 AND {_NEWEST_FIRST.after(2)} ORDER BY {_NEWEST_FIRST.by} LIMIT $3
        """,
        meeting_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], dict(row)) for row in rows]


def _row(standing: Standing, cause: Cause) -> dict[str, Any]:
    meeting, when = standing.meeting, standing.meeting.when
    return {
        "id": meeting.id,
        "programme_id": standing.programme.id,
        "key": meeting.key,
        "title": meeting.title,
        "kind": meeting.kind,
        "group_id": meeting.group,
        "mode": meeting.mode,
        "roles": json.dumps(meeting.roles),
        "first_day": when.first_day if when else None,
        "last_day": when.last_day if when else None,
        "starts_at": when.starts_at if when else None,
        "ends_at": when.ends_at if when else None,
        "place": meeting.place,
        "link": meeting.link,
        "date_version": meeting.date_version,
        "state": standing.state,
        "held_on": standing.held_on,
        "reason": standing.reason,
        "plan": standing.plan.model_dump_json() if standing.plan else None,
        **cause_columns(cause),
    }


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
    ref = _ref(row["ref"])
    return Standing(ref, meeting, row["state"], row["held_on"], row["reason"], plan)


@lru_cache(maxsize=16)
def _ref(text: str) -> ProgrammeRef:
    """All meetings of a programme carry the same one."""
    return ProgrammeRef.model_validate_json(text)
