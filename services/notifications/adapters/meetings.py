"""Meetings as their owner told them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

import asyncpg

from services.notifications.domain.invitations import Standing
from services.notifications.domain.text import storable
from shared.contracts.programme import ProgrammeRef
from shared.contracts.scheduling import Meeting
from shared.storage.table import Table
from shared.storage.tx import Tx

_MEETINGS = Table(
    "meetings",
    {
        "id": "text",
        "programme_id": "text",
        "group_id": "text",
        "kind": "text",
        "roles": "text[]",
        "state": "text",
        "meeting": "jsonb",
        "uid": "text",
        "changed_at": "timestamptz",
        "reason": "text",
        "with_programme": "boolean",
    },
    key=("id",),
    fixed=("programme_id", "uid"),
)
_STANDING = """
    SELECT m.id, m.state, m.meeting::text AS meeting, m.uid, m.changed_at, m.reason, m.with_programme,
           p.ref::text AS ref
    FROM meetings m JOIN programmes p ON p.id = m.programme_id
"""


async def load(tx: Tx, ids: Iterable[str]) -> dict[str, Standing]:
    rows = await tx.fetch(_STANDING + "WHERE m.id = ANY($1::text[])", sorted(set(ids)))
    return {row["id"]: standing_of(row) for row in rows}


async def load_dated(tx: Tx, programme_id: str, place: str, most: int) -> list[Standing]:
    """Those of a programme that have a day: the first `most` whose ids come after `place`, in that order."""
    rows = await tx.fetch(
        _STANDING + "WHERE m.programme_id = $1 AND m.state <> 'planned' AND m.id > $2 ORDER BY m.id LIMIT $3",
        programme_id,
        place,
        most,
    )
    return [standing_of(row) for row in rows]


async def load_undated(tx: Tx, programme_ids: Iterable[str], most: int) -> dict[str, tuple[list[str], int]]:
    """Titles of these programmes' meetings that still want a date, at most so many of each, and how many there are."""
    rows = await tx.fetch(
        """
        SELECT wanted.id AS programme_id, undated.* FROM unnest($1::text[]) AS wanted (id) CROSS JOIN LATERAL (
            SELECT meeting ->> 'title' AS title, group_id, count(*) OVER () AS items FROM meetings
            WHERE programme_id = wanted.id AND state = 'planned' ORDER BY id LIMIT $2
        ) AS undated
        """,
        sorted(set(programme_ids)),
        most,
    )
    found: dict[str, tuple[list[str], int]] = {}
    for row in rows:
        title = f"{row['title']} ({row['group_id']})" if row["group_id"] else row["title"]
        found.setdefault(row["programme_id"], ([], row["items"]))[0].append(title)
    return found


async def save(tx: Tx, standings: Iterable[Standing]) -> None:
    """One row each; the UID is the one it got first."""
    rows = [
        {
            "id": one.meeting.id,
            "programme_id": one.programme.id,
            "group_id": storable(one.meeting.group),
            "kind": storable(one.meeting.kind),
            "roles": json.dumps(storable(one.meeting.roles)),
            "state": one.state,
            "meeting": meeting_json(one.meeting),
            "uid": storable(one.uid),
            "changed_at": one.changed_at,
            "reason": storable(one.reason),
            "with_programme": one.with_programme,
        }
        for one in standings
    ]
    await _MEETINGS.upsert(tx, rows)


def meeting_json(meeting: Meeting) -> str:
    return Meeting.model_validate(storable(meeting.model_dump())).model_dump_json()


def standing_of(row: asyncpg.Record) -> Standing:
    return Standing(
        programme=_ref(row["ref"]),
        meeting=Meeting.model_validate_json(row["meeting"]),
        state=row["state"],
        uid=row["uid"],
        changed_at=row["changed_at"],
        reason=row["reason"],
        with_programme=row["with_programme"],
    )


@lru_cache(maxsize=16)
def _ref(text: str) -> ProgrammeRef:
    """All meetings of a programme carry the same one."""
    return ProgrammeRef.model_validate_json(text)
