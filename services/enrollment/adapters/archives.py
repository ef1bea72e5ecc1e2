"""Papers that were written out for an archive: when, and who stands in them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from services.enrollment.domain.archive import Archived, Stood, Unarchived
from shared.base.cause import Cause
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ARCHIVES = Table(
    "programme_archives",
    {
        "programme_id": "text",
        "read_at": "timestamptz",
        "sha256": "text",
        "files": "integer",
        "archived_at": "timestamptz",
        **CAUSE,
    },
    key=("programme_id", "read_at", "sha256"),
)
_UNARCHIVED = Table(
    "unarchived_erasures",
    {"programme_id": "text", "erased_ids": "text[]", "because": "text", "erased_at": "timestamptz", **CAUSE},
    key=("id",),
)


async def load(tx: Tx, programme_id: str) -> list[Archived]:
    """The one that was read last comes first."""
    rows = await tx.fetch(
        "SELECT read_at, sha256, files FROM programme_archives WHERE programme_id = $1 ORDER BY read_at DESC, sha256",
        programme_id,
    )
    return [Archived(row["read_at"], row["sha256"], row["files"]) for row in rows]


async def insert(tx: Tx, programme_id: str, archived: Archived, cause: Cause) -> None:
    row = {
        "programme_id": programme_id,
        "read_at": archived.read_at,
        "sha256": archived.sha256,
        "files": archived.files,
        "archived_at": tx.now,
        **cause_columns(cause),
    }
    await _ARCHIVES.insert(tx, [row])


async def insert_unarchived(
    tx: Tx, stood: Sequence[Stood], person_ids: Sequence[str], because: str, cause: Cause
) -> None:
    """Who was erased all the same, a row for each programme."""
    await _UNARCHIVED.insert(
        tx,
        [
            {
                "programme_id": one.programme_id,
                "erased_ids": json.dumps(list(person_ids)),
                "because": because,
                "erased_at": tx.now,
                **cause_columns(cause),
            }
            for one in stood
        ],
    )


async def load_unarchived(tx: Tx, programme_id: str, most: int) -> list[Unarchived]:
    """The newest of those who were erased all the same."""
    rows = await tx.fetch(
        """
        SELECT erased_at, because, actor FROM unarchived_erasures WHERE programme_id = $1 ORDER BY id DESC LIMIT $2
        """,
        programme_id,
        most,
    )
    return [Unarchived(row["erased_at"], row["because"], row["actor"]) for row in rows]


async def load_stood(tx: Tx, person_ids: Sequence[str]) -> list[Stood]:
    """Every programme that somebody stands in, with what was last changed of them or of an enrolment of theirs."""
    rows = await tx.fetch(
        """
        WITH stood (enrolment_id, at) AS (
            SELECT id, received_at FROM enrolments WHERE contact ->> 'person_id' = ANY($1)
            UNION ALL
            SELECT enrolment_id, coalesce(held_until, held_from) FROM contact_history
            WHERE holder ->> 'person_id' = ANY($1)
            UNION ALL
            SELECT r.enrolment_id, s.registered_at FROM seats s JOIN rosters r ON r.id = s.roster_id
            WHERE s.person_id = ANY($1)
            UNION ALL
            SELECT t.enrolment_id, t.named_at FROM team_members t WHERE t.person_id = ANY($1)
            UNION ALL
            SELECT coalesce(r.enrolment_id, m.list_id), m.moved_at
            FROM seat_moves m LEFT JOIN rosters r ON r.id = m.list_id WHERE m.person_id = ANY($1)
        ), changed (programme_id, at) AS (
            SELECT e.programme_id, greatest(stood.at, e.received_at, e.enrolled_at, e.withdrawn_at,
                (SELECT max(h.decided_at) FROM enrolment_history h WHERE h.enrolment_id = e.id))
            FROM stood JOIN enrolments e ON e.id = stood.enrolment_id
            UNION ALL
            SELECT m.programme_id, g.invited_at FROM guests g JOIN meetings m ON m.id = g.meeting_id
            WHERE g.guest_id = ANY($1)
        )
        SELECT p.id, p.terms #>> '{ref,title}' AS title, p.terms #>> '{ref,seller,name}' AS organiser,
            coalesce((p.terms ->> 'archive')::boolean, false) AS archives, max(changed.at) AS changed_at,
            (SELECT max(a.read_at) FROM programme_archives a WHERE a.programme_id = p.id) AS read_at
        FROM changed JOIN programmes p ON p.id = changed.programme_id GROUP BY p.id ORDER BY p.id
        """,
        list(person_ids),
    )
    return [
        Stood(row["id"], row["title"], row["organiser"], row["archives"], row["changed_at"] or tx.now, row["read_at"])
        for row in rows
    ]
