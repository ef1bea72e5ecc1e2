"""`invoicing` takes MunicipalityEnrolled with its full effects, against a bare loop with the same SQL.

Three readers of the same records, each from empty tables: ours; a hand-written aiokafka + asyncpg loop that does the
same statements in the same batches; and a loop that commits row and offset for each message, as one would first write
it. Each run ends with the same check of what is in the tables.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.harness import Measured, Row, Servers, Stopwatch, median
from services.invoicing.adapters import claims as claim_rows
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from shared.base.clock import DomainClock
from shared.contracts.event import NAMESPACE, natural_id
from shared.messaging import inbox as inbox_sql
from shared.messaging.consumer import BATCH_TIMEOUT_MS, MAX_RECORDS, Consumer
from shared.messaging.inbox import Inbox
from shared.messaging.subscriptions import topics_of
from shared.storage import tx as tx_sql
from shared.storage.pool import connect
from tests.support.facts import an_enrolment, an_organisation, cloud_event

EVENTS = 20_000
SINGLE = 1_500
ROUNDS = 3
TARGET = 0.6
TARGET_SINGLE = 10.0


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

    async def watched(connection: Any, arrivals: Any, *, careful: bool = False) -> Any:
        nonlocal handled
        if not watch.started:
            watch.start()
        outcome = await take(connection, arrivals, careful=careful)
        handled += len(arrivals)
        if handled >= count:
            stop.set()
        return outcome

    inbox.take = watched  # type: ignore[method-assign]  (the clock starts with the first batch)
    topics = [prefix + topic for topic in topics_of(SUBSCRIPTIONS)]
    consumer = Consumer(inbox, dsn=url, kafka=servers.kafka, topics=topics)
    running = asyncio.create_task(consumer.run(stop))
    await stop.wait()
    measured = watch.stop()
    await running
    return measured


async def bare(servers: Servers, prefix: str, url: str, count: int) -> Measured:
    """What one would write by hand for this one event, with the same statements in the same batches."""
    topic = f"{prefix}tovholder.enrollment"
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers.kafka,
        group_id=f"{prefix}bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    connection = await connect(url, "bare")
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
            await _bare_batch(connection, f"{prefix}tovholder.invoicing", [json.loads(value) for value in values])
            await consumer.commit()
            handled += len(values)
        return watch.stop()
    finally:
        await consumer.stop()
        await connection.close()


async def _bare_batch(connection: Any, reader: str, events: list[dict[str, Any]]) -> None:
    due = datetime(2020, 9, 1, 6, 0, tzinfo=UTC)
    subjects = sorted(event["subject"] for event in events)
    async with connection.transaction():
        await connection.fetch(
            inbox_sql._TAKE,
            reader,
            [uuid5(NAMESPACE, f"{event['source']}\n{event['id']}") for event in events],
            [event["source"] for event in events],
            [event["id"] for event in events],
            [event["type"] for event in events],
            [event["subject"] for event in events],
            [int(event["sequence"]) for event in events],
            [datetime.fromisoformat(event["time"]) for event in events],
            [event["correlationid"] for event in events],
            [None] * len(events),
            [None] * len(events),
        )
        await connection.fetch(inbox_sql._LOCK_PARKED, subjects, reader)
        await connection.fetch(inbox_sql._LOCK_POSITIONS, subjects, reader)
        await connection.execute(
            inbox_sql._MOVE_POSITIONS,
            reader,
            [event["subject"] for event in events],
            [event["source"] for event in events],
            [int(event["sequence"]) for event in events],
            [True] * len(events),
        )
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
        await connection.execute(tx_sql._ARM, ["invoice_run"], [key], [due], [data], [cause], [events[0]["id"]], [None])


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
        assert tuple(found) == (count, count, count, count * 1_950_000, count, 1, count), tuple(found)
    finally:
        await connection.close()


async def run(servers: Servers) -> list[Row]:
    values = records(EVENTS)
    ratios, rates, cpu, bare_rates = [], [], [], []
    for _ in range(ROUNDS):
        results = {}
        for name, loop in (("ours", ours), ("bare", bare)):
            prefix, url = await servers.topics(), await servers.database("invoicing")
            await preload(servers, f"{prefix}tovholder.enrollment", values)
            results[name] = await loop(servers, prefix, url, EVENTS)
            await check(url, EVENTS)
        ratios.append(results["bare"].wall / results["ours"].wall)
        rates.append(EVENTS / results["ours"].wall)
        bare_rates.append(EVENTS / results["bare"].wall)
        cpu.append((results["ours"].python_cpu + results["ours"].postgres_cpu) / EVENTS * 1e6)
    prefix, url = await servers.topics(), await servers.database("invoicing")
    await preload(servers, f"{prefix}tovholder.enrollment", values[:SINGLE])
    one_by_one = await single(servers, prefix, url, SINGLE)
    await check(url, SINGLE)
    single_rate = SINGLE / one_by_one.wall
    ratio, times = median(ratios), median(rates) / single_rate
    return [
        Row(
            *("invoicing takes MunicipalityEnrolled", median(rates), "events/s", ratio, "bare loop, same SQL"),
            target=f"≥ {TARGET}", reached=ratio >= TARGET, runs=ratios,
            note=f"{median(cpu):.0f} µs CPU an event (Python and PostgreSQL); bare {median(bare_rates):.0f}/s",
        ),
        Row(
            *("… against one commit per message", median(rates), "events/s", times, "row and offset per message"),
            target=f"≥ {TARGET_SINGLE:.0f}", reached=times >= TARGET_SINGLE, note=f"{single_rate:.0f}/s one by one",
        ),
    ]  # fmt: skip
