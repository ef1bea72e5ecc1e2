"""Toys, and how often each was told of, as PostgreSQL keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from services.toy.domain.toy import Toy

from shared.storage.table import Table
from shared.storage.tx import Tx

_TOYS = Table("toys", {"toy_id": "text", "owner": "text"}, key=("toy_id",))
_COUNTED = Table("counted", {"toy_id": "text"}, key=("toy_id",))


async def lock(tx: Tx, toy_id: str) -> Toy | None:
    row = await tx.fetchrow("SELECT toy_id, owner FROM toys WHERE toy_id = $1 FOR UPDATE", toy_id)
    return None if row is None else Toy(row["toy_id"], row["owner"])


async def save(tx: Tx, toy: Toy) -> None:
    await _TOYS.upsert(tx, [{"toy_id": toy.toy_id, "owner": toy.to}])


async def save_counted(tx: Tx, toy_ids: Sequence[str]) -> None:
    await _COUNTED.insert_new(tx, [{"toy_id": toy_id} for toy_id in toy_ids])


async def load_counted(tx: Tx) -> list[str]:
    return [row["toy_id"] for row in await tx.fetch("SELECT toy_id FROM counted ORDER BY toy_id")]
