"""Published programmes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Outline, Programme
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.programme import ProgrammeTerms, Seller
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_PROGRAMMES = Table(
    "programmes",
    {
        "id": "text",
        "version": "integer",
        "terms": "jsonb",
        "published_at": "timestamptz",
        "hard_capacity": "integer",
        "state": "text",
        "cancelled_at": "timestamptz",
        "cancelled_because": "text",
        "merged_groups": "jsonb",
        **CAUSE,
    },
    key=("id",),
)
_VERSIONS = Table(
    "programme_versions",
    {
        "programme_id": "text",
        "version": "integer",
        "yaml": "text",
        "terms": "jsonb",
        "published_at": "timestamptz",
        **CAUSE,
    },
    key=("programme_id", "version"),
)
_OUTLINE = """
    id, version, state, taken, terms #>> '{ref,title}' AS title, terms #>> '{ref,noun}' AS noun,
    CASE WHEN hard_capacity IS NOT NULL
         THEN least(hard_capacity, (terms #>> '{enrolment,capacity,hard}')::integer) END AS places,
    terms #>> '{ref,owner}' AS owner, terms #>> '{ref,seller,name}' AS seller, terms ->> 'summary' AS summary,
    terms #>> '{terms,deadline}' AS deadline
"""
_PUBLISHED = Order({"published_at": "timestamptz", "id": "text"})
# As `Programme.has_form` of one that is not cancelled, and as the index has them. A day as JSON has it is sorted as a
# text; one without closes last.
_HAS_FORM = """
    state = 'open' AND terms #>> '{enrolment,how}' = 'sign_up' AND terms #>> '{enrolment,who}' = 'municipalities'
"""
_CLOSES = "coalesce(terms #>> '{terms,deadline}', 'never')"
_CLOSING = Order({_CLOSES: "text", "id": "text"})
_SELECT = """
    SELECT id, state, terms::text AS terms, taken, hard_capacity, next_number, cancelled_because,
        merged_groups::text AS merged_groups FROM programmes
"""
_GOING_ON = f"{_SELECT} WHERE id = $1 FOR KEY SHARE"


async def load(tx: Tx, programme_id: str) -> Programme | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1", programme_id)
    return None if row is None else _programme(row)


async def load_many(tx: Tx, programme_ids: Iterable[str]) -> dict[str, Programme]:
    """By id."""
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1)", sorted(set(programme_ids)))
    return {row["id"]: _programme(row) for row in rows}


async def load_of(tx: Tx, enrolment: Enrolment) -> Programme:
    """The one that it is an enrolment in: a foreign key says that it is there."""
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1", enrolment.programme_id)
    return _programme(row)


async def lock_going_on(tx: Tx, enrolment: Enrolment) -> Programme:
    """As `load_of`; one that is not cancelled stays so until the transaction ends, whatever others change in it.

    Whoever wants this may hold an enrolment: whoever cancels a programme locks none beside it.
    """
    return _programme(await tx.fetchrow(_GOING_ON, enrolment.programme_id))


async def lock_going_on_by_id(tx: Tx, programme_id: str) -> Programme | None:
    """As `lock_going_on`, where there is no enrolment that says that it is there."""
    row = await tx.fetchrow(_GOING_ON, programme_id)
    return None if row is None else _programme(row)


async def lock_many_going_on(tx: Tx, programme_ids: Iterable[str]) -> dict[str, Programme]:
    """By id, each as `lock_going_on`; locked in the order of their ids."""
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1) ORDER BY id FOR KEY SHARE", sorted(set(programme_ids)))
    return {row["id"]: _programme(row) for row in rows}


async def lock_to_cancel(tx: Tx, programme_id: str) -> Programme | None:
    """Alone: whoever holds it by `lock_going_on` is waited for."""
    row = await tx.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", programme_id)
    return None if row is None else _programme(row)


async def load_page(tx: Tx, page: Page) -> list[Placed[Outline]]:
    """The one that was published last comes last."""
    rows = await tx.fetch(
        f"""
        SELECT {_OUTLINE}, {_PUBLISHED.place} FROM programmes
        WHERE {_PUBLISHED.after(1)} ORDER BY {_PUBLISHED.by} LIMIT $2
        """,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _outline(row)) for row in rows]


async def load_newest(tx: Tx, most: int, programme_ids: Collection[str] | None) -> list[Outline]:
    """Of these (None = of all) the ones that were published last."""
    rows = await tx.fetch(
        f"""
        SELECT {_OUTLINE} FROM programmes WHERE ($2::text[] IS NULL OR id = ANY($2))
        ORDER BY published_at DESC, id DESC LIMIT $1
        """,
        most,
        None if programme_ids is None else sorted(programme_ids),
    )
    return [_outline(row) for row in rows]


async def load_newest_file(tx: Tx, programme_id: str) -> tuple[str | None, int]:
    """The newest text of it that is kept, and the version that it says; a version that staff made has none."""
    row = await tx.fetchrow(
        """
        SELECT yaml, version FROM programme_versions WHERE programme_id = $1 AND yaml IS NOT NULL
        ORDER BY version DESC LIMIT 1
        """,
        programme_id,
    )
    return (None, 0) if row is None else (row["yaml"], row["version"])


async def load_offered(tx: Tx, page: Page, today: date) -> list[Placed[Outline]]:
    """Those that municipalities can still sign up for on our pages; the one that closes first comes first."""
    rows = await tx.fetch(
        f"""
        SELECT {_OUTLINE}, {_CLOSING.place} FROM programmes
        WHERE {_HAS_FORM} AND {_CLOSES} >= $1 AND {_CLOSING.after(2)} ORDER BY {_CLOSING.by} LIMIT $3
        """,
        today.isoformat(),
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _outline(row)) for row in rows]


async def lock(tx: Tx, programme_id: str) -> Programme | None:
    """As `lock_many`."""
    return (await lock_many(tx, [programme_id])).get(programme_id)


async def lock_of(tx: Tx, enrolment: Enrolment) -> Programme:
    """As `load_of` and `lock_many`."""
    return (await lock_many(tx, [enrolment.programme_id]))[enrolment.programme_id]


async def lock_many(tx: Tx, programme_ids: Iterable[str]) -> dict[str, Programme]:
    """By id, locked in the order of their ids: places are given and numbers drawn under this lock.

    Who waits is asked once they are locked: whoever held the lock may just have signed up the first.
    """
    rows = await tx.fetch(f"{_SELECT} WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", sorted(set(programme_ids)))
    waited_for = await tx.fetch(
        """
        SELECT locked.id FROM unnest($1::text[]) AS locked (id), LATERAL (
            SELECT FROM enrolments WHERE programme_id = locked.id AND state = 'waitlisted' LIMIT 1
        ) first
        """,
        [row["id"] for row in rows],
    )
    waits = {row["id"] for row in waited_for}
    return {row["id"]: replace(_programme(row), waits=row["id"] in waits) for row in rows}


async def save(tx: Tx, programme: Programme, cause: Cause, file: str | None = None) -> None:
    """A version of it, published now, and the text of its file. The places given and the numbers drawn are not written:
    see `take_places`.
    """
    row = {
        "id": programme.id,
        "version": programme.ref.version,
        "terms": programme.terms.model_dump_json(),
        "published_at": tx.now,
        "hard_capacity": programme.hard,
        **cause_columns(cause),
    }
    await _PROGRAMMES.upsert(tx, [row])
    version = {
        "programme_id": programme.id,
        "version": programme.ref.version,
        "yaml": file,
        "terms": row["terms"],
        "published_at": tx.now,
        **cause_columns(cause),
    }
    await _VERSIONS.upsert(tx, [version])


async def mark_cancelled(tx: Tx, programme: Programme, cause: Cause) -> None:
    """Of a programme that is locked; the cause of its row is that of its end from now on."""
    row = {
        "id": programme.id,
        "state": "cancelled",
        "cancelled_at": tx.now,
        "cancelled_because": programme.because,
        **cause_columns(cause),
    }
    await _PROGRAMMES.update(tx, [row])


async def mark_merged(tx: Tx, programme: Programme) -> None:
    """Of a programme that is locked: which of its groups went into which."""
    await _PROGRAMMES.update(tx, [{"id": programme.id, "merged_groups": json.dumps(dict(programme.merged))}])


async def take_series(tx: Tx, seller: Seller, programme_id: str) -> tuple[str, str]:
    """Whose the seller's invoice series is: its own from now on, when it was nobody's.

    The owner's CVR number, and the programme that the owner took the series for.
    """
    row = await tx.fetchrow(
        """
        INSERT INTO invoice_series (series, cvr, programme_id) VALUES ($1, $2, $3)
        ON CONFLICT (series) DO UPDATE SET series = excluded.series RETURNING cvr, programme_id
        """,
        seller.series,
        seller.cvr,
        programme_id,
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


async def free_places(tx: Tx, programme: Programme) -> None:
    """Of a programme that is locked: as many are taken as it says."""
    await tx.execute("UPDATE programmes SET taken = $2 WHERE id = $1", programme.id, programme.taken)


def _outline(row: Any) -> Outline:
    return Outline(
        id=row["id"],
        version=row["version"],
        title=row["title"],
        noun=row["noun"],
        owner=row["owner"],
        seller=row["seller"],
        summary=row["summary"] or "",
        deadline=None if row["deadline"] is None else date.fromisoformat(row["deadline"]),
        open=row["state"] == "open",
        taken=row["taken"],
        places=row["places"],
    )


def _programme(row: Any) -> Programme:
    return Programme(
        terms=ProgrammeTerms.model_validate_json(row["terms"]),
        open=row["state"] == "open",
        taken=row["taken"],
        hard=row["hard_capacity"],
        next_number=row["next_number"],
        because=row["cancelled_because"] or "",
        merged=json.loads(row["merged_groups"]),
    )
