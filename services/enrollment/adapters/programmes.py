"""Published programmes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asyncpg import Record

from services.enrollment.domain.enrolment import Programme
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx

_COLUMNS = "id, state, terms::text AS terms, taken, hard_capacity, next_number"


async def load(tx: Tx, programme_id: str) -> Programme | None:
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM programmes WHERE id = $1", programme_id)
    return None if row is None else _programme(row)


async def lock(tx: Tx, programme_ids: Iterable[str]) -> dict[str, Programme]:
    """By id, locked in the order of their ids: places are given and numbers drawn under this lock."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM programmes WHERE id = ANY($1) ORDER BY id FOR UPDATE", sorted(set(programme_ids))
    )
    return {row["id"]: _programme(row) for row in rows}


async def all_by_title(tx: Tx) -> tuple[Programme, ...]:
    rows = await tx.fetch(f"SELECT {_COLUMNS} FROM programmes ORDER BY published_at, id")
    return tuple(map(_programme, rows))


async def publish(tx: Tx, terms: ProgrammeTerms) -> None:
    """Insert, or put the newer version in place of the older; the places given stay as they are."""
    capacity = terms.enrolment.capacity
    await tx.execute(
        """
        INSERT INTO programmes
            (id, version, terms, published_at, hard_capacity, correlation_id, causation_id, actor)
        VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE SET
            version = excluded.version, terms = excluded.terms, published_at = excluded.published_at,
            hard_capacity = greatest(excluded.hard_capacity, nullif(programmes.taken, 0)),
            correlation_id = excluded.correlation_id, causation_id = excluded.causation_id, actor = excluded.actor
        """,
        terms.ref.id,
        terms.ref.version,
        terms.model_dump_json(),
        tx.now,
        None if capacity is None else capacity.hard,
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )


async def take_series(tx: Tx, terms: ProgrammeTerms) -> tuple[str, str]:
    """Whose the programme's invoice series is: this seller's from now on, when it was nobody's.

    The seller's CVR number, and the programme that it took the series for.
    """
    row = await tx.fetchrow(
        """
        INSERT INTO invoice_series (series, cvr, programme_id) VALUES ($1, $2, $3)
        ON CONFLICT (series) DO UPDATE SET series = excluded.series RETURNING cvr, programme_id
        """,
        terms.ref.seller.series,
        terms.ref.seller.cvr,
        terms.ref.id,
    )
    if row is None:
        raise RuntimeError("an upsert returned no row")
    return row["cvr"], row["programme_id"]


async def take_places(tx: Tx, programmes: Sequence[Programme]) -> None:
    """Write down places and numbers of programmes that are locked; a CHECK refuses more places than there are."""
    await tx.execute(
        """
        UPDATE programmes SET taken = new.taken, next_number = new.next_number
        FROM unnest($1::text[], $2::integer[], $3::integer[]) AS new (id, taken, next_number)
        WHERE programmes.id = new.id AND (hard_capacity IS NULL OR new.taken <= hard_capacity)
        """,
        [one.id for one in programmes],
        [one.taken for one in programmes],
        [one.next_number for one in programmes],
    )


async def free_place(tx: Tx, programme_id: str) -> None:
    await tx.execute("UPDATE programmes SET taken = taken - 1 WHERE id = $1", programme_id)


def _programme(row: Record) -> Programme:
    return Programme(
        terms=ProgrammeTerms.model_validate_json(row["terms"]),
        open=row["state"] == "open",
        taken=row["taken"],
        hard=row["hard_capacity"],
        next_number=row["next_number"],
    )
