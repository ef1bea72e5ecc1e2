"""What the next digest tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.notifications.domain.digest import next_digest
from services.notifications.domain.letters import Line
from services.notifications.domain.text import one_line
from shared.base.cause import Cause
from shared.storage.tx import Tx

TIMER = "digest"
_KEY = "all"


async def add(tx: Tx, lines: Sequence[tuple[Line, Cause]]) -> None:
    """Once for each natural key; the digest goes out the next morning."""
    if not lines:
        return
    new = await tx.fetchval(
        """
        WITH added AS (
            INSERT INTO digest_items (id, programme_id, kind, line, happened_at, correlation_id, causation_id, actor)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[],
                                 $7::text[], $8::text[])
            ON CONFLICT (id) DO NOTHING RETURNING id
        )
        SELECT count(*) FROM added
        """,
        [line.id for line, _ in lines],
        [line.programme_id for line, _ in lines],
        [line.kind for line, _ in lines],
        [one_line(line.text, 400) for line, _ in lines],
        [line.happened_at for line, _ in lines],
        [cause.correlation_id for _, cause in lines],
        [cause.causation_id for _, cause in lines],
        [cause.actor for _, cause in lines],
    )
    if new:
        tx.arm(TIMER, _KEY, next_digest(tx.now), because=lines[0][1])


async def take(tx: Tx, day: date) -> list[Line]:
    """Everything that nobody was told yet; it counts as told from now on."""
    rows = await tx.fetch(
        """
        UPDATE digest_items SET told_on = $1 WHERE told_on IS NULL
        RETURNING programme_id, kind, line, happened_at, id
        """,
        day,
    )
    return [
        Line(row["programme_id"], row["kind"], "", "", row["line"], row["happened_at"])
        for row in sorted(rows, key=lambda row: (row["happened_at"], row["id"]))
    ]
