"""Who came and went: on a roster, by its id, or on a team, by its enrolment's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.enrollment.domain.moves import Move
from shared.contracts.parties import Person
from shared.storage.table import Table
from shared.storage.tx import Tx

_MOVES = Table(
    "seat_moves",
    {
        "list_id": "text",
        "move": "text",
        "seat_number": "integer",
        "person_id": "text",
        "written_name": "text",
        "moved_at": "timestamptz",
        "still_billed": "boolean",
        "actor": "text",
    },
    key=("id",),
)


async def insert(tx: Tx, list_id: str, moves: Sequence[Move], *, as_written: bool) -> None:
    """`as_written`: whoever did it may not rename anybody, so that the name stays where they wrote it."""
    await _MOVES.insert(
        tx,
        [
            {
                "list_id": list_id,
                "move": one.kind,
                "seat_number": one.number,
                "person_id": one.person.person_id,
                "written_name": one.person.name if as_written else None,
                "moved_at": one.at,
                "still_billed": one.still_billed,
                "actor": one.actor,
            }
            for one in moves
        ],
    )


async def load_people(tx: Tx, since: Mapping[str, datetime]) -> dict[str, set[str]]:
    """Ids of everybody who came to these lists or left them since its time each, by list."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT m.list_id, m.person_id FROM unnest($1::text[], $2::timestamptz[]) AS u (list_id, since)
        JOIN seat_moves m ON m.list_id = u.list_id AND m.moved_at >= u.since
        """,
        list(since),
        list(since.values()),
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["list_id"], set()).add(row["person_id"])
    return found


async def count_still_billed(tx: Tx, list_ids: Sequence[str], placed_since: datetime) -> dict[str, int]:
    """How many left these lists since then too late to cost nothing, by list; without those where nobody did."""
    rows = await tx.fetch(
        """
        SELECT list_id, count(*) AS count FROM seat_moves
        WHERE list_id = ANY($1) AND still_billed AND moved_at >= $2 GROUP BY list_id
        """,
        list(list_ids),
        placed_since,
    )
    return {row["list_id"]: row["count"] for row in rows}


async def load(tx: Tx, list_id: str) -> tuple[Move, ...]:
    """In their order."""
    rows = await tx.fetch(
        """
        SELECT m.move, m.seat_number, m.person_id, coalesce(m.written_name, p.name) AS name, p.email, m.moved_at,
               m.still_billed, m.actor
        FROM seat_moves m JOIN people p ON p.person_id = m.person_id WHERE m.list_id = $1 ORDER BY m.id
        """,
        list_id,
    )
    return tuple(
        Move(
            kind=row["move"],
            number=row["seat_number"],
            person=Person(person_id=row["person_id"], name=row["name"], email=row["email"]),
            at=row["moved_at"],
            actor=row["actor"],
            still_billed=row["still_billed"],
        )
        for row in rows
    )
