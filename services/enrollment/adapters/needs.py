"""What people need at meetings; and what stays of it: numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from services.enrollment.domain.needs import Count, Needs
from shared.base.cause import Cause
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_NEEDS = Table(
    "needs",
    {
        "roster_id": "text",
        "person_id": "text",
        "diet": "text[]",
        "diet_text": "text",
        "access": "text[]",
        "access_text": "text",
        "consent": "text",
        "consented_at": "timestamptz",
        "keep_days": "integer",
        "own": "boolean",
        **CAUSE,
    },
    key=("roster_id", "person_id"),
)
_COUNTS = Table(
    "needs_counts",
    {
        "meeting_id": "text",
        "part": "text",
        "choice": "text",
        "title": "text",
        "number_of": "integer",
        "place": "integer",
    },
    key=("meeting_id", "part", "choice"),
)
_OF_A_MEETING = "FROM rosters JOIN needs ON needs.roster_id = rosters.id WHERE meeting_id = $1"


async def load(tx: Tx, roster_id: str, person_id: str) -> Needs | None:
    row = await tx.fetchrow("SELECT * FROM needs WHERE roster_id = $1 AND person_id = $2", roster_id, person_id)
    if row is None:
        return None
    return Needs(
        person_id=person_id,
        diet=tuple(row["diet"]),
        diet_text=row["diet_text"],
        access=tuple(row["access"]),
        access_text=row["access_text"],
        consent=row["consent"],
        keep_days=row["keep_days"],
        consented_at=row["consented_at"],
        # The version before, beside this one, says it by the actor alone.
        own=row["own"] or row["actor"] == f"person/{person_id}",
    )


async def save(tx: Tx, roster_id: str, needs: Needs, cause: Cause) -> None:
    """Of a locked roster."""
    row = {
        "roster_id": roster_id,
        "person_id": needs.person_id,
        "diet": json.dumps(needs.diet),
        "diet_text": needs.diet_text,
        "access": json.dumps(needs.access),
        "access_text": needs.access_text,
        "consent": needs.consent,
        "consented_at": needs.consented_at,
        "keep_days": needs.keep_days,
        "own": needs.own,
        **cause_columns(cause),
    }
    await _NEEDS.upsert(tx, [row])


async def remove(tx: Tx, roster_id: str, person_id: str) -> None:
    await tx.execute("DELETE FROM needs WHERE roster_id = $1 AND person_id = $2", roster_id, person_id)


async def load_kept(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, int]:
    """Of meetings at which somebody has said what they need: how many days after it that is kept at most."""
    rows = await tx.fetch(
        """
        SELECT meeting_id, min(keep_days) AS kept FROM rosters JOIN needs ON needs.roster_id = rosters.id
        WHERE meeting_id = ANY($1) GROUP BY meeting_id ORDER BY meeting_id
        """,
        sorted(set(meeting_ids)),
    )
    return {row["meeting_id"]: row["kept"] for row in rows}


async def count_people(tx: Tx, meeting_id: str) -> dict[str, int]:
    row = await tx.fetchrow(
        f"""
        SELECT (SELECT count(*) FROM rosters JOIN seats ON seats.roster_id = rosters.id WHERE meeting_id = $1)
                   AS registered,
               (SELECT count(*) FROM guests WHERE meeting_id = $1) AS guests,
               (SELECT count(*) {_OF_A_MEETING}) AS answered
        """,
        meeting_id,
    )
    return dict(row) if row is not None else {}


async def count_chosen(tx: Tx, meeting_id: str) -> dict[tuple[str, str], int]:
    """By part and choice."""
    rows = await tx.fetch(
        f"""
        SELECT part, choice, count(*) AS number_of FROM (
            SELECT 'diet' AS part, unnest(diet) AS choice {_OF_A_MEETING}
            UNION ALL SELECT 'access', unnest(access) {_OF_A_MEETING}
        ) AS chosen GROUP BY part, choice
        """,
        meeting_id,
    )
    return {(row["part"], row["choice"]): row["number_of"] for row in rows}


async def load_texts(tx: Tx, meeting_id: str) -> list[Count]:
    """What was written, and by how many; by nobody's name."""
    rows = await tx.fetch(
        f"""
        SELECT part, said, count(*) AS number_of FROM (
            SELECT 'diet' AS part, diet_text AS said {_OF_A_MEETING}
            UNION ALL SELECT 'access', access_text {_OF_A_MEETING}
        ) AS written WHERE said <> '' GROUP BY part, said
        """,
        meeting_id,
    )
    return [Count(row["part"], "", "", row["number_of"], row["said"]) for row in rows]


async def load_counts(tx: Tx, meeting_id: str) -> list[Count]:
    """What has stayed of a meeting whose needs are forgotten."""
    rows = await tx.fetch("SELECT * FROM needs_counts WHERE meeting_id = $1 ORDER BY place", meeting_id)
    return [Count(row["part"], row["choice"], row["title"], row["number_of"]) for row in rows]


async def save_counts(tx: Tx, meeting_id: str, counts: Sequence[Count]) -> None:
    """Instead of those there are."""
    await tx.execute("DELETE FROM needs_counts WHERE meeting_id = $1", meeting_id)
    rows: list[dict[str, Any]] = [
        {
            "meeting_id": meeting_id,
            "part": one.part,
            "choice": one.choice,
            "title": one.title,
            "number_of": one.number_of,
            "place": place,
        }
        for place, one in enumerate(counts)
    ]
    await _COUNTS.insert(tx, rows)


async def forget(tx: Tx, meeting_id: str, most: int) -> int:
    """How many people's needs are gone."""
    tag = await tx.execute(
        f"""
        DELETE FROM needs WHERE (roster_id, person_id) IN (
            SELECT roster_id, person_id {_OF_A_MEETING} ORDER BY roster_id, person_id LIMIT $2
        )
        """,
        meeting_id,
        most,
    )
    return int(tag.rpartition(" ")[2])
