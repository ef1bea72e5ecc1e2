"""State, facts and timers are kept together or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from shared.base.cause import Cause
from shared.contracts.event import FactTooLarge
from shared.contracts.invoicing import InvoiceRejected
from shared.storage.tx import Tx, transaction
from tests.integration.messaging.harness import NOON, OWNER, Noon, an_answer
from tests.support.servers import Database

SOURCE = "/tovholder/notifications"


@pytest.fixture
async def pool(emptied: Database) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(emptied.url, min_size=1, max_size=8) as pool:
        yield pool


async def test_what_a_savepoint_undoes_is_not_told_and_not_armed(pool: asyncpg.Pool) -> None:
    async with transaction(pool, Noon(), SOURCE) as tx:
        tx.publish(an_answer("before"))
        tx.arm("reminder", "kept", NOON)
        with pytest.raises(KeyError):
            await _fails_inside(tx)
        async with tx.savepoint():
            tx.publish(an_answer("inside"))
        tx.publish(an_answer("after"))
    assert await _keys(pool) == ["message/before", "message/inside", "message/after"]
    assert [tuple(row) for row in await pool.fetch("SELECT key, due FROM timers")] == [("kept", NOON)]


async def _fails_inside(tx: Tx) -> None:
    async with tx.savepoint():
        await tx.execute("INSERT INTO effects (subject, said) VALUES ('x', 'y')")
        tx.publish(an_answer("undone"))
        tx.arm("reminder", "undone", NOON)
        tx.arm("reminder", "kept", NOON + timedelta(days=1))
        raise KeyError


async def test_nothing_is_told_when_the_transaction_fails(pool: asyncpg.Pool) -> None:
    async def fails() -> None:
        async with transaction(pool, Noon(), SOURCE) as tx:
            tx.publish(an_answer("a"))
            await tx.flush()
            raise KeyError

    with pytest.raises(KeyError):
        await fails()
    assert await _keys(pool) == []
    assert await pool.fetchval("SELECT count(*) FROM stream_out") == 0


async def test_a_subject_is_numbered_without_holes_by_many_writers_and_in_the_order_of_ids(pool: asyncpg.Pool) -> None:
    async def writer(n: int) -> None:
        for _ in range(10):
            async with transaction(pool, Noon(), SOURCE) as tx:
                # Neighbours want the same two subjects in opposite orders.
                for about in ("a", "b") if n % 2 else ("b", "a"):
                    tx.publish(an_answer(about))

    await asyncio.gather(*[writer(n) for n in range(8)])
    for about in ("a", "b"):
        rows = await pool.fetch("SELECT sequence FROM outbox WHERE key = 'message/' || $1::text ORDER BY id", about)
        assert [row[0] for row in rows] == list(range(1, 81))


async def test_an_event_is_a_cloudevent_that_says_who_is_behind_it(pool: asyncpg.Pool) -> None:
    cause = Cause("the-root", "the-cause", 'person/"7"')
    async with transaction(pool, Noon(), OWNER, cause) as tx:
        event_id = tx.publish(InvoiceRejected(owner=OWNER, invoice_id="F-1", reason='Æ "\n'))
        tx.publish(InvoiceRejected(owner=OWNER, invoice_id="F-1", reason=""), because=Cause("another", None, None))
    first, second = [json.loads(row[0]) for row in await pool.fetch("SELECT payload FROM outbox ORDER BY id")]
    assert first == {
        "specversion": "1.0",
        "id": event_id,
        "source": "/tovholder/invoicing",
        "type": "tovholder.invoicing.InvoiceRejected.v1",
        "subject": "invoice/F-1",
        "time": "2020-06-01T12:00:00Z",
        "datacontenttype": "application/json",
        "sequence": "1",
        "correlationid": "the-root",
        "causationid": "the-cause",
        "actor": 'person/"7"',
        "data": {"owner": "/tovholder/invoicing", "invoice_id": "F-1", "reason": 'Æ "\n'},
    }
    assert second["correlationid"] == "another"
    assert "causationid" not in second
    assert "actor" not in second
    assert second["sequence"] == "2"


async def test_a_fact_that_is_too_large_for_kafka_is_refused_before_anything_is_written(pool: asyncpg.Pool) -> None:
    async def tell(size: int) -> None:
        async with transaction(pool, Noon(), OWNER) as tx:
            await tx.execute("INSERT INTO effects (subject, said) VALUES ('x', 'y')")
            tx.publish(InvoiceRejected(owner=OWNER, invoice_id="F-1", reason="x" * size))

    with pytest.raises(FactTooLarge):
        await tell(899_800)
    assert await pool.fetchval("SELECT count(*) FROM effects") == 0
    await tell(899_000)
    assert len(await _keys(pool)) == 1


async def test_arming_again_moves_a_timer_and_disarming_takes_it_away(pool: asyncpg.Pool) -> None:
    async with transaction(pool, Noon(), SOURCE) as tx:
        tx.arm("reminder", "a", NOON, {"level": 1})
        tx.arm("reminder", "b", NOON)
    async with transaction(pool, Noon(), SOURCE) as tx:
        tx.arm("reminder", "a", NOON + timedelta(days=1), {"level": 2})
        tx.disarm("reminder", "b")
        tx.disarm("reminder", "never armed")
    rows = await pool.fetch("SELECT key, due, data FROM timers")
    assert [(row["key"], row["due"], json.loads(row["data"])) for row in rows] == [
        ("a", NOON + timedelta(days=1), {"level": 2})
    ]


async def _keys(pool: asyncpg.Pool) -> list[str]:
    return [row[0] for row in await pool.fetch("SELECT key FROM outbox ORDER BY id")]
