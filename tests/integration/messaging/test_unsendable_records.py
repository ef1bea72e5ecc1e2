"""What a person does about a record that Kafka never took, and what its key's readers get then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from shared.messaging import relay as relay_module
from shared.messaging import unsendable
from shared.messaging.dead_letters import NotDone
from shared.messaging.relay import Sender
from tests.integration.messaging.harness import make_topics
from tests.integration.messaging.test_relay import TOPIC, Told
from tests.support.eventually import eventually
from tests.support.servers import Database

ENOUGH, TOO_LITTLE = relay_module.MAX_REQUEST_BYTES, 500_000


@pytest.fixture
async def teller(emptied: Database, prefix: str, kafka: str) -> AsyncIterator[Told]:
    await make_topics(kafka, prefix + TOPIC)
    async with asyncpg.create_pool(emptied.url, min_size=1, max_size=8) as pool:
        yield Told(emptied, pool, kafka, prefix)


async def blocked(teller: Told, monkeypatch: pytest.MonkeyPatch) -> int:
    """The first of three facts of b's is too large for the relay; the id of its record."""
    await teller.tell("a", "b")
    await teller.pool.execute(
        "UPDATE outbox SET payload = payload || repeat(' ', 800000)::bytea WHERE key = 'message/b'"
    )
    await teller.tell("b", "b")
    monkeypatch.setattr(relay_module, "MAX_REQUEST_BYTES", TOO_LITTLE)
    async with teller.relaying():
        await eventually(lambda: _is(teller, ["message/b", "message/b"]), 20)
    monkeypatch.setattr(relay_module, "MAX_REQUEST_BYTES", ENOUGH)
    number: int = await teller.pool.fetchval("SELECT id FROM outbox_dead")
    return number


async def _is(teller: Told, waiting: list[str]) -> bool:
    return await teller.outbox() == waiting


async def test_it_is_shown_without_its_data_and_whole_when_asked_for(
    teller: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await blocked(teller, monkeypatch)
    (record,), _ = await unsendable.records(teller.pool)
    assert (record.id, record.key, record.sequence, record.waiting) == (number, "message/b", 1, 2)
    assert record.reason == "MessageSizeTooLargeError"
    assert record.payload_bytes > 800_000
    shown, payload = await unsendable.show(teller.pool, number)
    assert shown == record
    assert payload.startswith(b'{"specversion"')


async def test_a_retry_sends_it_before_what_waited_behind_it(teller: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await blocked(teller, monkeypatch)
    async with teller.pool.acquire() as connection:
        assert await unsendable.retry(connection, number) == 2
    await teller.tell("b")
    async with teller.relaying():
        await teller.sent()
    assert await teller.sequences("b") == [1, 2, 3, 4]
    assert await unsendable.records(teller.pool) == ([], None)


async def test_a_retry_in_the_middle_of_a_long_outbox_keeps_the_order(
    teller: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await blocked(teller, monkeypatch)
    await teller.tell("c", "c", "c", "b", "c", "c", "b")
    monkeypatch.setattr(relay_module, "BATCH", 2)
    relay = teller.relay()
    put = relay._put

    async def retry_after_the_first_batch(sender: Sender, rows: Sequence[Any]) -> Any:
        done = await put(sender, rows)
        if await teller.pool.fetchval("SELECT count(*) FROM outbox_dead"):
            async with teller.pool.acquire() as connection:
                await unsendable.retry(connection, number)
        return done

    monkeypatch.setattr(relay, "_put", retry_after_the_first_batch)
    async with teller.relaying(relay):
        await teller.sent()
    assert await teller.sequences("b") == [1, 2, 3, 4, 5]
    assert await teller.sequences("c") == [1, 2, 3, 4, 5]


async def test_a_retry_of_what_is_still_too_large_blocks_the_key_again(
    teller: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await blocked(teller, monkeypatch)
    monkeypatch.setattr(relay_module, "MAX_REQUEST_BYTES", TOO_LITTLE)
    async with teller.pool.acquire() as connection:
        await unsendable.retry(connection, number)
    async with teller.relaying():
        await eventually(lambda: _is(teller, ["message/b", "message/b"]), 20)
    (record,), _ = await unsendable.records(teller.pool)
    assert record.id == number
    assert await teller.sequences("b") == []


async def test_what_is_given_up_is_never_sent_and_stays_on_record_without_its_data(
    teller: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await blocked(teller, monkeypatch)
    async with teller.pool.acquire() as connection:
        assert await unsendable.discard(connection, number) == 2
    async with teller.relaying():
        await teller.sent()
    assert await teller.sequences("b") == [2, 3]
    row = await teller.pool.fetchrow("SELECT * FROM outbox_given_up")
    assert row is not None
    assert (row["id"], row["key"], row["sequence"]) == (number, "message/b", 1)
    assert "payload" not in dict(row)


async def test_an_old_record_that_is_put_back_turns_no_writes_away(
    teller: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await blocked(teller, monkeypatch)
    await teller.pool.execute("UPDATE outbox SET created_at = created_at - interval '1 day'")
    await teller.pool.execute("UPDATE outbox_dead SET created_at = created_at - interval '1 day'")
    async with teller.pool.acquire() as connection:
        await unsendable.retry(connection, number)
    oldest = "SELECT clock_timestamp() - min(created_at) < interval '1 minute' FROM outbox"
    assert await teller.pool.fetchval(oldest)


@pytest.mark.parametrize("act", [unsendable.show, unsendable.retry, unsendable.discard])
async def test_what_is_not_there_is_named(teller: Told, act: Any) -> None:
    async with teller.pool.acquire() as connection:
        with pytest.raises(NotDone, match="no record 7 is held back"):
            await act(connection, 7)
