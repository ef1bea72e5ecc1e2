"""`invoicing` takes MunicipalityEnrolled with its full effects, against the least that is right and its own SQL.

Four readers of the same records, each from empty tables: ours; a hand-written aiokafka + asyncpg loop that does the
same statements in the same batches; the same loop with the least that is right (`least.py`); and one that commits row
and offset for each message, as one would first write it. Each run ends with a check of what is in the tables.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench import least
from bench.harness import Measured, Row, Servers, Stopwatch, median, step
from services.invoicing.adapters import claims as claim_rows
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from shared.base.clock import DomainClock
from shared.contracts.event import NAMESPACE, natural_id
from shared.messaging import rows as kept
from shared.messaging.consumer import BATCH_TIMEOUT_MS, MAX_RECORDS, Consumer
from shared.messaging.inbox import Inbox
from shared.messaging.subscriptions import topics_of
from shared.storage.pool import connect
from tests.support.facts import an_enrolment, an_organisation, cloud_event

_ARM = """
INSERT INTO timers (timer, key, due, data, correlation_id, causation_id) VALUES ($1, $2, $3, $4::text::jsonb, $5, $6)
ON CONFLICT (key, timer) DO UPDATE SET due = excluded.due
"""

EVENTS = 20_000
SINGLE = 1_500
ROUNDS = 3
TARGET_LEAST = 0.6
TARGET_BARE = 0.85
TARGET_SINGLE = 10.0

Take = Callable[[Any, list[bytes]], Awaitable[None]]
"""Takes a batch of values in on a connection, and commits."""


def records(count: int) -> list[tuple[bytes, bytes]]:
    """(key, value) of that many enrolments, each of another municipality."""
    made = []
    for number in range(count):
        enrolment = natural_id("bench", str(number))
        fact = an_enrolment(enrolment_id=enrolment, organisation=an_organisation(code=f"{number:06d}"))
        event = cloud_event(fact, event_id=natural_id("event", str(number)))
        event["correlationid"] = event["id"]
        made.append((fact.subject.encode(), json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()))
    return made


async def preload(servers: Servers, topic: str, values: Sequence[tuple[bytes, bytes]]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers.kafka, linger_ms=5, max_batch_size=262_144, compression_type="lz4"
    )
    await producer.start()
    try:
        await asyncio.gather(*[await producer.send(topic, value, key=key) for key, value in values])
    finally:
        await producer.stop()


async def ours(servers: Servers, prefix: str, url: str, count: int) -> Measured:
    """The product's own consumer, in this process, from its first batch to the commit of its last."""
    inbox = Inbox("invoicing", SUBSCRIPTIONS, DomainClock(datetime(2020, 6, 15, tzinfo=UTC)), prefix=prefix)
    watch = Stopwatch(servers)
    stop = asyncio.Event()
    handled = 0
    take = inbox.take

    async def watched(connection: Any, arrivals: Any, **how: Any) -> Any:
        nonlocal handled
        if not watch.started:
            watch.start()
        outcome = await take(connection, arrivals, **how)
        handled += len(arrivals)
        if handled >= count:
            stop.set()
        return outcome

    inbox.take = watched  # type: ignore[method-assign]  # the clock starts with the first batch
    topics = [prefix + topic for topic in topics_of(SUBSCRIPTIONS)]
    consumer = Consumer(inbox, dsn=url, kafka=servers.kafka, topics=topics)
    running = asyncio.create_task(consumer.run(stop))
    await stop.wait()
    measured = watch.stop()
    await running
    return measured


async def by_hand(servers: Servers, prefix: str, url: str, count: int, take: Take) -> Measured:
    """A loop as one would write it for this one event: batches, each of which `take` commits."""
    consumer = AIOKafkaConsumer(
        f"{prefix}tovholder.enrollment",
        bootstrap_servers=servers.kafka,
        group_id=f"{prefix}by-hand",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    connection = await connect(url, "by-hand")
    await consumer.start()
    watch = Stopwatch(servers)
    handled = 0
    try:
        while handled < count:
            batches = await consumer.getmany(timeout_ms=BATCH_TIMEOUT_MS, max_records=MAX_RECORDS)
            values = [record.value for batch in batches.values() for record in batch]
            if not values:
                continue
            if not watch.started:
                watch.start()
            await take(connection, values)
            await consumer.commit()
            handled += len(values)
        return watch.stop()
    finally:
        await consumer.stop()
        await connection.close()


async def bare(servers: Servers, prefix: str, url: str, count: int) -> Measured:
    """With the very statements that ours makes."""

    async def take(connection: Any, values: list[bytes]) -> None:
        await _bare_batch(connection, f"{prefix}tovholder.invoicing", [json.loads(value) for value in values])

    return await by_hand(servers, prefix, url, count, take)


async def the_least(servers: Servers, prefix: str, url: str, count: int) -> Measured:
    """With the least that is right."""
    await least.make_tables(servers, url)
    return await by_hand(servers, prefix, url, count, least.take)


async def _bare_batch(connection: Any, reader: str, events: list[dict[str, Any]]) -> None:
    due = datetime(2020, 9, 1, 6, 0, tzinfo=UTC)
    subjects = sorted(event["subject"] for event in events)
    async with connection.transaction():
        sql, arguments = kept.taking(
            reader,
            {
                "uid": [uuid5(NAMESPACE, f"{event['source']}\n{event['id']}") for event in events],
                "source": [event["source"] for event in events],
                "event_id": [event["id"] for event in events],
                "type": [event["type"] for event in events],
                "subject": [event["subject"] for event in events],
                "sequence": [int(event["sequence"]) for event in events],
                "occurred_at": [datetime.fromisoformat(event["time"]) for event in events],
                "correlation_id": [event["correlationid"] for event in events],
                "causation_id": [None] * len(events),
                "actor": [None] * len(events),
            },
        )
        await connection.fetch(sql, *arguments)
        listed = "\x1f".join(subjects)
        await connection.fetch(kept.WAITING, listed, reader)
        await connection.fetch(kept.LOCK_POSITIONS, listed, reader)
        sql, arguments = kept.moving(
            reader,
            {
                "subject": [event["subject"] for event in events],
                "source": [event["source"] for event in events],
                "sequence": [int(event["sequence"]) for event in events],
                "bound": [True] * len(events),
            },
        )
        await connection.execute(sql, *arguments)
        rows = [
            (event, fee, natural_id("claim", event["data"]["enrolment_id"], fee["id"]))
            for event in events
            for fee in event["data"]["fees"]
        ]
        columns: dict[str, list[Any]] = {
            "id": [claim for _, _, claim in rows],
            "kind": ["fee"] * len(rows),
            "state": ["ready"] * len(rows),
            "due_at": [due] * len(rows),
            "organiser": [event["data"]["programme"]["seller"]["cvr"] for event, _, _ in rows],
            "series": [event["data"]["programme"]["seller"]["series"] for event, _, _ in rows],
            "programme_id": [event["data"]["programme"]["id"] for event, _, _ in rows],
            "programme_version": [event["data"]["programme"]["version"] for event, _, _ in rows],
            "enrolment_id": [event["data"]["enrolment_id"] for event, _, _ in rows],
            "meeting_id": [None] * len(rows),
            "item": [fee["id"] for _, fee, _ in rows],
            "text": [fee["text"] for _, fee, _ in rows],
            "person_name": [None] * len(rows),
            "amount_ore": [fee["amount_ore"] for _, fee, _ in rows],
            "vat_percent": [fee["vat_percent"] for _, fee, _ in rows],
            "earliest": [due] * len(rows),
            "told_at": [datetime.fromisoformat(event["time"]) for event, _, _ in rows],
            "wanted": [True] * len(rows),
            "on_hold": [False] * len(rows),
            "waived_because": [None] * len(rows),
            "reason": [""] * len(rows),
            "finding": [""] * len(rows),
            "credited": [False] * len(rows),
            "invoice_id": [None] * len(rows),
            "organisation_code": [event["data"]["organisation"]["code"] for event, _, _ in rows],
            "buyer": [json.dumps(event["data"]["organisation"]) for event, _, _ in rows],
            "billing": [json.dumps(event["data"]["billing"]) for event, _, _ in rows],
            "contact": [json.dumps(event["data"]["contact"]) for event, _, _ in rows],
            "correlation_id": [event["correlationid"] for event, _, _ in rows],
            "causation_id": [event["id"] for event, _, _ in rows],
            "actor": [None] * len(rows),
        }
        table = claim_rows._CLAIMS
        await table.insert_new(connection, {name: columns[name] for name in table.columns})
        cause = events[0]["correlationid"]
        key = f"N/62532416/{due:%Y-%m-%dT%H:%MZ}"
        data = json.dumps({"series": "N", "organiser": "62532416"})
        await connection.execute(_ARM, "invoice_run", key, due, data, cause, events[0]["id"])


async def single(servers: Servers, prefix: str, url: str, count: int) -> Measured:
    """A transaction and an offset for each message."""
    consumer = AIOKafkaConsumer(
        f"{prefix}tovholder.enrollment",
        bootstrap_servers=servers.kafka,
        group_id=f"{prefix}single",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    connection = await connect(url, "single")
    await consumer.start()
    watch = Stopwatch(servers)
    try:
        for _ in range(count):
            record = await consumer.getone()
            if not watch.started:
                watch.start()
            await _bare_batch(connection, f"{prefix}tovholder.invoicing", [json.loads(record.value)])
            await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
        return watch.stop()
    finally:
        await consumer.stop()
        await connection.close()


async def check(url: str, count: int) -> None:
    """What must be in the tables, whoever put it there."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM claims),"
            " (SELECT count(DISTINCT enrolment_id) FROM claims), (SELECT sum(amount_ore) FROM claims),"
            " (SELECT count(*) FROM stream_in WHERE sequence = 1), (SELECT count(*) FROM timers),"
            " (SELECT count(*) FROM claims WHERE state = 'ready')"
        )
        assert tuple(found or ()) == (count, count, count, count * 1_950_000, count, 1, count), found
    finally:
        await connection.close()


LOOPS = {"ours": (ours, check), "bare": (bare, check), "least": (the_least, least.check)}


async def run(servers: Servers) -> list[Row]:
    values = records(EVENTS)
    runs: dict[str, list[Measured]] = {name: [] for name in LOOPS}
    for turn in range(ROUNDS):
        for name, (loop, checked) in LOOPS.items():
            step(f"consume: {name}, round {turn + 1} of {ROUNDS}")
            prefix, url = await servers.topics(), await servers.database("invoicing")
            await preload(servers, f"{prefix}tovholder.enrollment", values)
            runs[name].append(await loop(servers, prefix, url, EVENTS))
            await checked(url, EVENTS)
    step("consume: one commit per message")
    prefix, url = await servers.topics(), await servers.database("invoicing")
    await preload(servers, f"{prefix}tovholder.enrollment", values[:SINGLE])
    one_by_one = await single(servers, prefix, url, SINGLE)
    await check(url, SINGLE)

    rates = {name: EVENTS / median([one.wall for one in measured]) for name, measured in runs.items()}
    single_rate = SINGLE / one_by_one.wall
    times = rates["ours"] / single_rate
    of_least, of_bare = (
        [one.wall / ours.wall for one, ours in zip(runs[name], runs["ours"], strict=True)] for name in ("least", "bare")
    )
    return [
        Row(
            *("invoicing takes MunicipalityEnrolled", rates["ours"], "events/s", median(of_least)),
            "the least that is right", target=f"≥ {TARGET_LEAST}", reached=median(of_least) >= TARGET_LEAST,
            runs=of_least, note=f"{_cpu(runs['ours'])}; the least {rates['least']:.0f}/s, {_cpu(runs['least'])}",
        ),
        Row(
            *("… against its own SQL", rates["ours"], "events/s", median(of_bare), "bare loop, same SQL"),
            target=f"≥ {TARGET_BARE}", reached=median(of_bare) >= TARGET_BARE, runs=of_bare,
            note=f"bare {rates['bare']:.0f}/s, {_cpu(runs['bare'])}",
        ),
        Row(
            *("… against one commit per message", rates["ours"], "events/s", times, "row and offset per message"),
            target=f"≥ {TARGET_SINGLE:.0f}", reached=times >= TARGET_SINGLE, note=f"{single_rate:.0f}/s one by one",
        ),
    ]  # fmt: skip


def _cpu(runs: Sequence[Measured]) -> str:
    python, postgres = (
        median([getattr(one, name) for one in runs]) / EVENTS * 1e6 for name in ("python_cpu", "postgres_cpu")
    )
    return f"{python:.0f} + {postgres:.0f} µs of Python and PostgreSQL an event"
