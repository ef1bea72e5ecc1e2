"""What the next digest tells."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from services.notifications.domain.digest import DigestLine
from services.notifications.domain.text import one_line
from shared.base.cause import Cause
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ITEMS = Table(
    "digest_items",
    {"id": "text", "programme_id": "text", "kind": "text", "line": "text", "happened_at": "timestamptz", **CAUSE},
    key=("id",),
)
_LONGEST = 400


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


async def take(tx: Tx, day: date, kinds: Collection[str] | None = None) -> list[DigestLine]:
    """Everything (of these kinds) that nobody was told yet; it counts as told from now on."""
    rows = await tx.fetch(
        """
        UPDATE digest_items SET told_on = $1 WHERE told_on IS NULL AND ($2::text[] IS NULL OR kind = ANY($2))
        RETURNING programme_id, kind, line, happened_at, id
        """,
        day,
        None if kinds is None else sorted(kinds),
    )
    return [
        DigestLine(row["programme_id"], row["kind"], "", "", row["line"], row["happened_at"])
        for row in sorted(rows, key=lambda row: (row["happened_at"], row["id"]))
    ]
