"""What the next digest tells."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.notifications.domain.digest import COUNTED, Digest, DigestLine, Line, Section
from services.notifications.domain.text import one_line
from shared.base.cause import Cause
from shared.contracts.time import day_of
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ITEMS = Table(
    "digest_items",
    {"id": "text", "programme_id": "text", "kind": "text", "line": "text", "happened_at": "timestamptz", **CAUSE},
    key=("id",),
)
OF_NONE = ""
_LONGEST = 400
_LINES = """
SELECT wanted.nth, shown.line, 1 AS items
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (programme_id, kind, nth)
CROSS JOIN LATERAL (
    SELECT line FROM digest_items AS d
    WHERE d.digest = $1 AND coalesce(d.programme_id, '') = wanted.programme_id AND d.kind = wanted.kind
    ORDER BY happened_at, id LIMIT $4
) AS shown
"""
_COUNTED_LINES = """
SELECT wanted.nth, shown.line, shown.items
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS wanted (programme_id, kind, nth)
CROSS JOIN LATERAL (
    SELECT line, count(*) AS items FROM digest_items AS d
    WHERE d.digest = $1 AND coalesce(d.programme_id, '') = wanted.programme_id AND d.kind = wanted.kind
    GROUP BY line ORDER BY min(happened_at), line LIMIT $4
) AS shown
"""


async def insert_new(tx: Tx, lines: Sequence[tuple[DigestLine, Cause]]) -> int:
    """How many of them nobody has heard of, under their natural keys."""
    rows = [
        {
            "id": line.id,
            "programme_id": line.programme_id,
            "kind": line.kind,
            "line": one_line(line.text, _LONGEST),
            "happened_at": line.happened_at,
            **cause_columns(cause),
        }
        for line, cause in lines
    ]
    return await _ITEMS.insert_new(tx, rows)


async def load_begun(tx: Tx, digest: Digest) -> bool:
    """Whether anything has been taken into it."""
    # In the order of the index: what is not there would else be looked for in all lines that ever were told.
    sql = "SELECT id FROM digest_items WHERE digest = $1 ORDER BY coalesce(programme_id, ''), kind LIMIT 1"
    return await tx.fetchval(sql, digest.occasion) is not None


async def take(tx: Tx, digest: Digest, most: int) -> int:
    """Into this digest, at most so many of what nobody was told yet, the earliest first; how many.

    What is of a programme that nobody knows is of none from now on.
    """
    taken = await tx.execute(
        """
        UPDATE digest_items SET told_on = $1, digest = $2,
            programme_id = (SELECT id FROM programmes WHERE id = digest_items.programme_id)
        WHERE id = ANY (ARRAY (
            SELECT id FROM digest_items WHERE told_on IS NULL AND ($3::text[] IS NULL OR kind = ANY($3))
            ORDER BY happened_at LIMIT $4
        ))
        """,
        day_of(digest.at),
        digest.occasion,
        None if digest.kinds is None else sorted(digest.kinds),
        most,
    )
    return int(taken.split()[-1])


async def count(tx: Tx, digest: Digest, programme_ids: Collection[str] | None = None) -> list[Section]:
    """What this digest has to tell of these programmes (OF_NONE: of no programme), or of all."""
    rows = await tx.fetch(
        """
        SELECT programme_id, kind, count(*) AS items FROM digest_items
        WHERE digest = $1 AND ($2::text[] IS NULL OR coalesce(programme_id, '') = ANY($2))
        GROUP BY programme_id, kind
        """,
        digest.occasion,
        None if programme_ids is None else sorted(programme_ids),
    )
    return [Section(row["programme_id"], row["kind"], row["items"]) for row in rows]


async def load_lines(
    tx: Tx, digest: Digest, sections: Sequence[Section], most: int
) -> dict[tuple[str | None, str], list[Line]]:
    """The first lines of each section, at most so many of each, by programme and kind."""
    found: dict[tuple[str | None, str], list[Line]] = {}
    for sql, wanted in (
        (_LINES, [one for one in sections if one.kind not in COUNTED]),
        (_COUNTED_LINES, [one for one in sections if one.kind in COUNTED]),
    ):
        if wanted:
            programme_ids, kinds = [one.programme_id or OF_NONE for one in wanted], [one.kind for one in wanted]
            for row in await tx.fetch(sql, digest.occasion, programme_ids, kinds, most):
                section = wanted[row["nth"] - 1]
                line = Line(row["line"], row["items"])
                found.setdefault((section.programme_id, section.kind), []).append(line)
    return found
