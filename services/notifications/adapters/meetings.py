"""Meetings as their owner told them."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from services.notifications.domain.invitations import Standing
from services.notifications.domain.text import storable
from shared.contracts.programme import ProgrammeRef
from shared.contracts.scheduling import Meeting
from shared.storage.tx import Tx

_STANDING = """
    SELECT m.id, m.state, m.meeting::text AS meeting, m.uid, m.changed_at, m.reason, p.ref::text AS ref
    FROM meetings m JOIN programmes p ON p.id = m.programme_id
"""


async def load(tx: Tx, ids: Iterable[str]) -> dict[str, Standing]:
    rows = await tx.fetch(_STANDING + "WHERE m.id = ANY($1::text[])", sorted(set(ids)))
    return {row["id"]: _standing(row) for row in rows}


async def of_programmes(tx: Tx, programme_ids: Iterable[str]) -> dict[str, Standing]:
    """Those that have a day, by id."""
    rows = await tx.fetch(
        _STANDING + "WHERE m.programme_id = ANY($1::text[]) AND m.state <> 'planned'", sorted(set(programme_ids))
    )
    return {row["id"]: _standing(row) for row in rows}


async def undated(tx: Tx) -> dict[str, list[str]]:
    """Titles of the meetings that still want a date, by programme."""
    rows = await tx.fetch(
        "SELECT programme_id, meeting ->> 'title' AS title, group_id FROM meetings WHERE state = 'planned'"
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        title = f"{row['title']} ({row['group_id']})" if row["group_id"] else row["title"]
        found.setdefault(row["programme_id"], []).append(title)
    return found


async def save(tx: Tx, standings: Iterable[Standing]) -> None:
    """One row each; the UID is the one it got first."""
    rows = sorted(standings, key=lambda standing: standing.meeting.id)
    await tx.execute(
        """
        INSERT INTO meetings (id, programme_id, group_id, kind, roles, state, meeting, uid, changed_at, reason)
        SELECT id, programme_id, group_id, kind, array(SELECT jsonb_array_elements_text(meeting::jsonb -> 'roles')),
               state, meeting::jsonb, uid, changed_at, reason
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::timestamptz[], $9::text[])
             AS u (id, programme_id, group_id, kind, state, meeting, uid, changed_at, reason)
        ORDER BY id
        ON CONFLICT (id) DO UPDATE SET
            group_id = excluded.group_id, kind = excluded.kind, roles = excluded.roles, state = excluded.state,
            meeting = excluded.meeting, changed_at = excluded.changed_at, reason = excluded.reason
        """,
        [one.meeting.id for one in rows],
        [one.programme.id for one in rows],
        [storable(one.meeting.group) for one in rows],
        [storable(one.meeting.kind) for one in rows],
        [one.state for one in rows],
        [meeting_json(one.meeting) for one in rows],
        [storable(one.uid) for one in rows],
        [one.changed_at for one in rows],
        [storable(one.reason) for one in rows],
    )


def meeting_json(meeting: Meeting) -> str:
    return Meeting.model_validate(storable(meeting.model_dump())).model_dump_json()


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        programme=ProgrammeRef.model_validate_json(row["ref"]),
        meeting=Meeting.model_validate_json(row["meeting"]),
        state=row["state"],
        uid=row["uid"],
        changed_at=row["changed_at"],
        reason=row["reason"],
    )
