"""A table that numbers its rows numbers a batch of them in the order in which they were given."""

from __future__ import annotations

import asyncpg

from shared.storage.table import Table
from shared.storage.tx import transaction
from tests.integration.messaging.harness import Noon
from tests.support.servers import Database

NUMBERED = Table("numbered", {"id": "text", "said": "jsonb"}, key=("id",))


async def test_a_batch_is_numbered_in_its_own_order_and_only_the_new_ones_are_named(emptied: Database) -> None:
    given = [{"id": one, "said": "{}"} for one in ("c", "a", "b", "a")]
    async with (
        asyncpg.create_pool(emptied.url, min_size=1, max_size=1) as pool,
        transaction(pool, Noon(), "/tovholder/notifications") as tx,
    ):
        await tx.execute(
            "CREATE TEMP TABLE numbered"
            " (number integer GENERATED ALWAYS AS IDENTITY, id text PRIMARY KEY, said jsonb) ON COMMIT DROP"
        )
        assert set(await NUMBERED.insert_in_order(tx, given[:1], returning="id")) == {"c"}
        assert set(await NUMBERED.insert_in_order(tx, given, returning="id")) == {"a", "b"}
        assert await NUMBERED.insert_in_order(tx, [], returning="id") == []
        rows = await tx.fetch("SELECT id FROM numbered ORDER BY number")
        assert [row["id"] for row in rows] == ["c", "a", "b"]
