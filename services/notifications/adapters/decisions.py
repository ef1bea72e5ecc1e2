"""What people decided about mails that failed, or whose fate was unknown."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

Kind = Literal["resent", "settled"]

_DECISIONS = Table(
    "message_decisions",
    {"message_id": "text", "decision": "text", "decided_at": "timestamptz", **CAUSE},
    key=("message_id",),
)


class Decided(NamedTuple):
    """`at` is domain time."""

    kind: Kind
    at: datetime
    actor: str | None


async def insert(tx: Tx, message_id: str, kind: Kind) -> None:
    row = {"message_id": message_id, "decision": kind, "decided_at": tx.now, **cause_columns(tx.cause)}
    await _DECISIONS.insert(tx, [row])


async def load(tx: Tx, message_id: str) -> list[Decided]:
    """The oldest first."""
    rows = await tx.fetch(
        "SELECT decision, decided_at, actor FROM message_decisions WHERE message_id = $1 ORDER BY number LIMIT 100",
        message_id,
    )
    return [Decided(row["decision"], row["decided_at"], row["actor"]) for row in rows]
