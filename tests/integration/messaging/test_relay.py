"""The relay on a real broker: order, its lock, records that can never be sent, replay, and time passing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from shared.messaging import relay as relay_module
from shared.messaging.relay import LOCK, Relay, Sender, TopicMissing
from shared.messaging.replay import replay, rewind
from shared.messaging.retention import forget
from shared.storage.tx import transaction
from tests.integration.messaging.harness import Noon, an_answer, make_topics
from tests.integration.messaging.telling import SOURCE, TOPIC, Told
from tests.support.eventually import eventually
from tests.support.servers import Database


@pytest.fixture
async def told(emptied: Database, prefix: str, kafka: str) -> AsyncIterator[Told]:
    await make_topics(kafka, prefix + TOPIC)
    async with asyncpg.create_pool(emptied.url, min_size=1, max_size=8) as pool:
        yield Told(emptied, pool, kafka, prefix)


async def test_events_arrive_in_order_per_key_where_a_java_client_looks_for_them(told: Told) -> None:
    async def many(n: int) -> None:
        for _ in range(10):
            await told.tell(f"m{n % 4}", f"m{(n + 1) % 4}")

    async with told.relaying():
        await asyncio.gather(*[many(n) for n in range(8)])
        await told.sent()
    log = await told.log()
    now = datetime.now(UTC).timestamp() * 1000  # noqa: TID251  (Kafka's timestamps are machine time)
    java = DefaultPartitioner()
    for partition, key, timestamp, event in log:
        assert partition == java(key.encode(), list(range(12)), list(range(12)))
        assert abs(timestamp - now) < 120_000
        assert event["time"] == "2020-06-01T12:00:00Z"
        assert event["subject"] == key
    for n in range(4):
        assert await told.sequences(f"m{n}") == list(range(1, 41))
    moved = await told.pool.fetch("SELECT DISTINCT tableoid::regclass::text FROM outbox_sent")
    assert [row[0] for row in moved] == [f"outbox_sent_{datetime.now(UTC):%Y%m%d}"]  # noqa: TID251  (partitions too)


async def test_a_fact_that_is_told_wakes_the_relay_of_its_process(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "FIRST_LOOK_S", 60.0)
    monkeypatch.setattr(relay_module, "LONGEST_LOOK_S", 60.0)
    async with told.relaying() as relay:
        for done in range(1, 4):
            await eventually(lambda: relay.active)
            await told.tell("a")
            await eventually(lambda done=done: relay.done == done, 10)  # type: ignore[misc]


async def test_a_commit_in_the_middle_of_a_long_outbox_is_not_overtaken_by_its_own_key(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id is lower than those already read, and the next one of its key is higher."""
    monkeypatch.setattr(relay_module, "BATCH", 2)
    late = transaction(told.pool, Noon(), SOURCE)
    tx = await late.__aenter__()
    tx.publish(an_answer("late"))
    await tx.flush()
    await told.tell("a", "b", "a", "b")
    relay = told.relay()
    put, commits = relay._put, iter([True])

    async def commit_meanwhile(sender: Sender, rows: Sequence[Any]) -> Any:
        if next(commits, False):
            await late.__aexit__(None, None, None)
            await told.tell("late", "late")
        return await put(sender, rows)

    monkeypatch.setattr(relay, "_put", commit_meanwhile)
    async with told.relaying(relay):
        await told.sent()
    assert await told.sequences("late") == [1, 2, 3]
    assert await told.sequences("a") == [1, 2]


async def test_a_second_relay_waits_and_takes_over(told: Told) -> None:
    async with told.relaying() as first:
        await eventually(lambda: first.active)
        async with told.relaying() as second:
            await told.tell("a")
            await told.sent()
            assert not second.active
            await told.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
                "AND classid::bigint << 32 | objid::bigint = $1 AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())",
                LOCK,
            )
            await eventually(lambda: first.active is not second.active)
            await told.tell("a", "b")
            await told.sent()
    assert await told.sequences("a") == [1, 2]


async def test_what_was_sent_but_not_moved_is_sent_again_with_the_same_id(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told.tell("a", "a")
    failed = asyncio.Event()
    move = Relay._move

    async def lost(self: Relay, connection: Any, ids: Sequence[int]) -> None:
        if ids and not failed.is_set():
            failed.set()
            raise ConnectionResetError
        await move(self, connection, ids)

    monkeypatch.setattr(Relay, "_move", lost)
    async with told.relaying():
        await told.sent()
    log = await told.log()
    assert await told.sequences("a") == [1, 2, 1, 2]
    assert len({event["id"] for *_, event in log}) == 2


async def test_a_record_that_can_never_be_sent_blocks_its_key_only(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    await told.tell("a", "b", "a", "c")
    await told.pool.execute("UPDATE outbox SET payload = repeat('x', 800000)::bytea WHERE key = 'message/b'")
    monkeypatch.setattr(relay_module, "MAX_REQUEST_BYTES", 500_000)
    await told.tell("b", "d")
    async with told.relaying() as relay:
        await eventually(lambda: _equals(told.outbox(), ["message/b"]), 20)
        await told.tell("b", "a")
        await eventually(lambda: _equals(told.outbox(), ["message/b", "message/b"]), 20)
        assert await relay.pending() == 0
    assert [tuple(row) for row in await told.pool.fetch("SELECT key, reason FROM outbox_dead")] == [
        ("message/b", "MessageSizeTooLargeError")
    ]
    assert await told.sequences("a") == [1, 2, 3]
    assert await told.sequences("b") == []
    assert await told.sequences("d") == [1]


async def test_after_a_delivery_error_a_new_producer_goes_on_without_a_hole(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    senders: list[Sender] = []
    send = Sender.send

    async def broken(self: Sender, topic: str, key: str, payload: bytes) -> Any:
        if self not in senders:
            senders.append(self)
        future = await send(self, topic, key, payload)
        if len(senders) == 1 and key == "message/b":
            # As when a broker refuses the batch: Kafka has nothing of it, and its numbers are used up.
            failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            failed.set_exception(relay_module.KafkaError("OutOfOrderSequence"))
            await future
            return failed
        return future

    monkeypatch.setattr(Sender, "send", broken)
    await told.tell("a", "b", "c", "b")
    async with told.relaying():
        await told.sent()
    assert len(senders) == 2
    assert await told.sequences("a") == [1]
    assert (await told.sequences("b"))[-2:] == [1, 2]


async def test_a_missing_topic_is_named_at_the_start(told: Told) -> None:
    relay = Relay(
        SOURCE, dsn=told.database.url, kafka=told.kafka, topics=[TOPIC, "tovholder.elsewhere"], prefix=told.prefix
    )
    with pytest.raises(TopicMissing, match=f"{told.prefix}tovholder.elsewhere"):
        await relay.run(asyncio.Event())


async def test_a_late_commit_with_a_lower_id_is_not_passed_over(told: Told) -> None:
    async with told.relaying() as relay:
        await eventually(lambda: relay.active)
        connection = await asyncpg.connect(told.database.url)
        slow = connection.transaction()
        await slow.start()
        async with transaction(connection, Noon(), SOURCE) as tx:
            tx.publish(an_answer("slow"))
        await told.tell("quick")
        await told.sent()
        await slow.commit()
        await connection.close()
        await told.sent()
    assert await told.sequences("slow") == [1]


async def test_replay_tells_again_what_was_sent_and_what_waits(told: Told) -> None:
    before = datetime.now(UTC)  # noqa: TID251  (machine time)
    await told.tell("a", "b", "a")
    async with told.relaying():
        await told.sent()
    await told.tell("a")
    count = await replay(
        told.database.url, told.kafka, before - timedelta(minutes=1), topics=[TOPIC], readers=[], prefix=told.prefix
    )
    assert count == 4
    assert await told.sequences("a") == [1, 2, 1, 2, 3]
    assert await told.outbox() == ["message/a"]
    assert len({event["id"] for *_, event in await told.log()}) == 4
    later = datetime.now(UTC) + timedelta(minutes=1)  # noqa: TID251  (machine time)
    assert await replay(told.database.url, told.kafka, later, topics=[TOPIC], readers=[], prefix=told.prefix) == 1


async def test_a_reader_behind_the_end_of_a_cut_log_is_set_back_to_it(told: Told) -> None:
    await told.tell("a")
    async with told.relaying():
        await told.sent()
    ((partition, *_),) = await told.log()
    cut = TopicPartition(told.prefix + TOPIC, partition)
    group = f"{told.prefix}group"
    async with AIOKafkaConsumer(bootstrap_servers=told.kafka, group_id=group, enable_auto_commit=False) as reader:
        reader.assign([cut])
        await reader.commit({cut: 1000})
    await rewind(told.kafka, [told.prefix + TOPIC], [group])
    async with AIOKafkaConsumer(bootstrap_servers=told.kafka, group_id=group, enable_auto_commit=False) as reader:
        reader.assign([cut])
        assert await reader.committed(cut) == 1


async def test_retention_drops_only_what_is_old_and_never_what_waits(told: Told) -> None:
    await told.pool.execute(
        "INSERT INTO inbox (uid, consumer, source, event_id, type, subject, occurred_at, correlation_id, received_at) "
        "SELECT gen_random_uuid(), 'c', 's', 'e', 't', 'x', now(), 'r', now() - age FROM "
        "unnest(ARRAY[interval '6 years', interval '4 years']) AS u (age)"
    )
    owner = await asyncpg.connect(told.database.owner_url)
    try:
        await owner.execute(
            "CREATE TABLE outbox_sent_20200101 PARTITION OF outbox_sent "
            "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')"
        )
    finally:
        await owner.close()
    await told.pool.execute(
        'INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, timestamp_ms, reason, detail, '
        "fingerprint, received_at, state, settled_at) SELECT 'c', 't', 0, n, '[]', 0, 'r', 'd', 'f', "
        "now() - interval '1 year', CASE WHEN n = 1 THEN 'open' ELSE 'discarded' END, "
        "CASE WHEN n = 1 THEN NULL ELSE now() - interval '400 days' END FROM generate_series(1, 2) AS n"
    )
    async with told.pool.acquire() as connection:
        await forget(connection)
        await forget(connection)
    assert await told.pool.fetchval("SELECT count(*) FROM inbox") == 1
    assert await told.pool.fetchval("SELECT state FROM dead_letters") == "open"
    assert await told.pool.fetchval("SELECT to_regclass('outbox_sent_20200101')") is None
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await told.pool.execute("SELECT outbox_sent_drop_partitions(1)")


async def _equals(found: Any, wanted: list[str]) -> bool:
    return bool(await found == wanted)
