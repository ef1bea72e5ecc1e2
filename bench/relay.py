"""The relay against an aiokafka producer with its settings, sending the same bytes by the same calls from memory."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bench.consume import records
from bench.harness import Row, Servers, end_of, median, step
from shared.messaging.relay import BATCH, Relay, Sender

EVENTS = 30_000
ROUNDS = 5
TARGET = 0.7
TOPIC = "tovholder.enrollment"
DEADLINE_S = 120.0


async def fill(url: str, values: list[tuple[bytes, bytes]]) -> None:
    connection = await asyncpg.connect(url)
    now = datetime(2020, 6, 15, tzinfo=UTC)
    try:
        await connection.executemany(
            "INSERT INTO outbox (event_id, source, topic, key, sequence, type, payload, correlation_id, occurred_at)"
            " VALUES ($1, '/tovholder/enrollment', $2, $3, 1, 'bench', $4, $1, $5)",
            [(f"e{number}", TOPIC, key.decode(), value, now) for number, (key, value) in enumerate(values)],
        )
        await connection.execute("ANALYZE outbox")
    finally:
        await connection.close()


async def ours(servers: Servers, prefix: str, url: str) -> float:
    """From the lock to the last row moved."""
    relay = Relay("/tovholder/enrollment", dsn=url, kafka=servers.kafka, topics=[TOPIC], prefix=prefix)
    sender = Sender(servers.kafka, prefix=prefix)
    await sender.start()
    await sender.check_topics([TOPIC])
    stop = asyncio.Event()
    connection = await asyncpg.connect(url)
    begun: list[float] = []
    send_all = relay._send_all

    async def timed(*args: Any) -> None:
        begun.append(time.perf_counter())
        await send_all(*args)

    relay._send_all = timed  # type: ignore[method-assign,assignment]  # the clock starts with the first batch
    running = asyncio.create_task(relay.run(stop))
    try:
        async with asyncio.timeout(DEADLINE_S):
            while await connection.fetchval("SELECT EXISTS (SELECT 1 FROM outbox)"):
                await asyncio.sleep(0.01)
        return time.perf_counter() - begun[0]
    finally:
        stop.set()
        await running
        await sender.stop()
        await connection.close()


async def from_memory(servers: Servers, prefix: str, values: list[tuple[bytes, bytes]]) -> float:
    sender = Sender(servers.kafka, prefix=prefix)
    await sender.start()
    try:
        await sender.check_topics([TOPIC])
        named = [(key.decode(), value) for key, value in values]
        started = time.perf_counter()
        for start in range(0, len(named), BATCH):
            sent = [await sender.send(TOPIC, key, value) for key, value in named[start : start + BATCH]]
            await asyncio.gather(*sent)
        return time.perf_counter() - started
    finally:
        await sender.stop()


async def check(servers: Servers, prefix: str, url: str) -> None:
    """Every row is sent and kept, and as many records are on the topic."""
    connection = await asyncpg.connect(url)
    try:
        left = await connection.fetchval("SELECT count(*) FROM outbox")
        sent = await connection.fetchval("SELECT count(*) FROM outbox_sent")
        assert (left, sent) == (0, EVENTS), (left, sent)
    finally:
        await connection.close()
    assert await end_of(servers.kafka, prefix + TOPIC) == EVENTS


async def run(servers: Servers) -> list[Row]:
    values = records(EVENTS)
    ratios, rates = [], []
    for turn in range(ROUNDS):
        step(f"relay: round {turn + 1} of {ROUNDS}")
        memory = await from_memory(servers, await servers.topics(), values)
        prefix, url = await servers.topics(), await servers.database("enrollment")
        await fill(url, values)
        seconds = await ours(servers, prefix, url)
        await check(servers, prefix, url)
        ratios.append(memory / seconds)
        rates.append(EVENTS / seconds)
    ratio = median(ratios)
    return [
        Row(
            *("relay", median(rates), "events/s", ratio, "the same producer from memory"),
            target=f"≥ {TARGET}", reached=ratio >= TARGET, runs=ratios,
        )
    ]  # fmt: skip
