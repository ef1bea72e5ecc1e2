"""Golden logs: dumps of all topics that every later version must still read to the same state.

`python -m tests.support.golden dump --kafka HOST:PORT [--prefix P] FOLDER` writes what stands in the topics of an
installation to `FOLDER/log.jsonl`, one JSON object a line: topic (without prefix), key, headers, timestamp (Kafka's,
ms) and value, in the order of the events' own times; `play STORY FOLDER` plays a story and writes what it left there,
with `--desk` after staff have gone on with it on their pages (`tests.support.golden_desk`).
The test itself writes the expected state anew when TOVHOLDER_WRITE_GOLDEN is set. A log that is there stays as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import importlib
import itertools
import json
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local import access, tail, topics
from deploy.local.locations import ROOT, service_names
from deploy.local.stack import kafka_as, running
from deploy.local.stories.checking import check_file
from deploy.local.stories.theatre import Theatre
from shared.base.clock import DomainClock
from shared.messaging.grants import PRODUCERS_TOPIC, Granted, beside
from shared.messaging.kafka import Address
from shared.messaging.records import StoredRecord
from shared.messaging.subscriptions import topics_of
from shared.runtime.service import Host, Service, build_consumer
from shared.storage.pool import open_pool
from tests.support.eventually import eventually
from tests.support.golden_desk import at_the_desk
from tests.support.servers import MakeDatabase

FOLDER = ROOT / "tests" / "contracts" / "golden"
LOG, EXPECTED = "log.jsonl", "expected.json"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
STEP_DEADLINE_S = 60.0

TOLD = "SELECT type, count(*) AS count FROM outbox GROUP BY type ORDER BY type"
FAULTS = "SELECT reason, type, count(*) AS count FROM dead_letters GROUP BY reason, type ORDER BY reason, type"
PARKED = "SELECT subject, reason FROM parked_keys ORDER BY subject, source"
HEARD = "SELECT type, count(*) AS count FROM inbox GROUP BY type ORDER BY type"
TIMERS = (
    "SELECT timer, key, due FROM timers WHERE NOT (timer = 'forget_person' AND EXISTS ("
    "SELECT FROM erasures WHERE id = timers.key AND (sought ->> 'by_id')::boolean)) ORDER BY timer, key"
)
"""Not of those whose time was over: they share a timer if a service happens to read of them together."""
ERASED = (
    "SELECT person_id, EXISTS (SELECT FROM erasures WHERE sought -> 'person_ids' ? person_id) AS sought"
    " FROM erased_persons ORDER BY person_id"
)
EVERYWHERE = {
    "heard": HEARD,
    "told": TOLD,
    "dead_letters": FAULTS,
    "parked_keys": PARKED,
    "timers": TIMERS,
    "erased": ERASED,
}

STATE: Mapping[str, Mapping[str, str]] = {
    "enrollment": {
        "meetings": "SELECT id, programme_id, state, group_id, first_day, sequence, meeting->>'title' AS title,"
        " meeting->>'date_version' AS date_version, meeting->>'place' AS place FROM meetings ORDER BY id",
    },
    "scheduling": {
        "programmes": "SELECT id, version, ours, cancelled, kinds, groups FROM programmes ORDER BY id",
        "meetings": "SELECT programme_id, key, id, title, kind, group_id, mode, state, first_day, last_day, starts_at,"
        " ends_at, place, date_version, held_on FROM meetings ORDER BY programme_id, key",
    },
    "invoicing": {
        "claims": "SELECT enrolment_id, item, meeting_id, id, kind, state, organiser, series, organisation_code, text,"
        " amount_ore, vat_percent, earliest, due_at, wanted, on_hold, billing->>'ean' AS ean,"
        " contact->>'email' AS contact_email FROM claims ORDER BY enrolment_id, item, meeting_id",
        "meetings": "SELECT id, title, held_on, cancelled FROM meetings ORDER BY id",
        "cancelled_programmes": "SELECT id, reason FROM cancelled_programmes ORDER BY id",
    },
    "notifications": {
        "enrolments": "SELECT id, programme_id, organisation_code, has_place, group_id, email, contact_role,"
        " enrolled_at, withdrawn_at FROM enrolments ORDER BY id",
        "meetings": "SELECT id, programme_id, group_id, kind, state, uid FROM meetings ORDER BY id",
        "participants": "SELECT person_id, meeting_id, enrolment_id, email, takes_part FROM participants"
        " ORDER BY person_id, meeting_id, enrolment_id",
        "team_members": "SELECT enrolment_id, person_id, email, kinds, takes_part FROM team_members"
        " ORDER BY enrolment_id, person_id, email",
        "role_holders": "SELECT enrolment_id, role_id, role_label, purpose, person_id, email FROM role_holders"
        " ORDER BY enrolment_id, role_id",
        "invitations": "SELECT address_key, meeting_id, person_id, part, method FROM invitations"
        " ORDER BY address_key, meeting_id",
        "messages": "SELECT template, recipient, about, occasion, email, written_at, calendar IS NOT NULL AS calendar"
        " FROM messages ORDER BY template, recipient, about, occasion",
    },
}
"""What is compared, by service and table: what an operator, a person or an invoice depends on, by natural keys."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One record of the dump. A value that is no JSON object is kept as bytes."""

    topic: str
    key: str | None
    headers: Sequence[tuple[str, str | None]]
    timestamp: int
    value: dict[str, Any] | bytes | None

    @property
    def is_event(self) -> bool:
        """Else it says who may tell what."""
        return self.topic != PRODUCERS_TOPIC

    @property
    def bytes(self) -> bytes | None:
        if isinstance(self.value, dict):
            return json.dumps(self.value, ensure_ascii=False).encode()
        return self.value

    @property
    def time(self) -> datetime:
        """The event's own time; of what is no event the broker's."""
        headers = tuple((name, None if value is None else value.encode()) for name, value in self.headers)
        record = StoredRecord(self.topic, 0, 0, self.timestamp, None, self.bytes, headers)
        return tail.read(record).time or datetime.fromtimestamp(self.timestamp / 1000, UTC)

    def line(self) -> str:
        value: dict[str, Any] = {"value": self.value}
        if isinstance(self.value, bytes):
            value = {"value_base64": base64.b64encode(self.value).decode()}
        kept = {"topic": self.topic, "key": self.key, "headers": self.headers, "timestamp": self.timestamp, **value}
        return json.dumps(kept, ensure_ascii=False)


def read_log(text: str) -> list[Kept]:
    """The records of a dump, in its order."""
    found = []
    for line in text.splitlines():
        kept = json.loads(line)
        value = base64.b64decode(kept["value_base64"]) if "value_base64" in kept else kept["value"]
        headers = [(name, content) for name, content in kept["headers"]]
        found.append(Kept(kept["topic"], kept["key"], headers, kept["timestamp"], value))
    return found


async def dump(kafka: Address, prefix: str = "") -> list[Kept]:
    """Everything in the topics of an installation: who may tell what, then events in the order of their own times."""
    found: list[Kept] = []
    names = [*await topics.event_topics(kafka, prefix), prefix + PRODUCERS_TOPIC]
    async for record in tail.records(kafka, names, BEGINNING, follow=False):
        key = None if record.key is None else record.key.decode()
        headers = [(name, None if value is None else value.decode()) for name, value in record.headers]
        found.append(Kept(record.topic.removeprefix(prefix), key, headers, record.timestamp, _value(record.value)))
    # Within a partition the order is kept, as sorting is stable and neither clock goes back there.
    return sorted(found, key=lambda kept: (kept.is_event, kept.time if kept.is_event else BEGINNING, kept.timestamp))


async def play(story: Path, *, desk: bool = False) -> list[Kept]:
    """What a story leaves in the topics, when all of it went as it says; `desk`: and staff after it."""
    with tempfile.TemporaryDirectory(prefix="tovholder-golden-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder) / "data"
        async with Theatre(data_dir) as theatre:
            played = await theatre.play(check_file(story))
            if not played.holds:
                raise SystemExit(f"{story} does not go as it says; `tovholder play` shows what is otherwise.")
            addresses = running(data_dir)
            if desk:
                await at_the_desk(addresses)
            return await dump(kafka_as(addresses), addresses.prefix)


def _value(value: bytes | None) -> dict[str, Any] | bytes | None:
    try:
        decoded = json.loads(value or b"")
    except ValueError:
        return value
    return decoded if isinstance(decoded, dict) else value


@dataclass(slots=True)
class Readers:
    """The four services as they read: real consumers on databases of their own, their domain clocks moved by hand."""

    kafka: str
    prefix: str
    hosts: Mapping[str, Host]
    moves: int = 0

    async def feed(self, log: Iterable[Kept], *, singly: bool = False) -> None:
        """Step by step: all events of one instant, or (`singly`) one event, then wait until every service has read and
        committed them.
        """
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka, client_id="golden")
        kept_first, events = itertools.tee(log)
        async with AIOKafkaProducer(bootstrap_servers=self.kafka, acks="all", max_request_size=5_000_000) as producer:
            await admin.start()
            try:
                await self._grant([kept for kept in kept_first if not kept.is_event])
                numbered = enumerate(one for one in events if one.is_event)
                steps = itertools.groupby(numbered, key=lambda one: (one[1].time, one[0] if singly else 0))
                for (time, _), of_step in steps:
                    step = [one for _, one in of_step]
                    self._move(time)
                    written = await self._write(producer, step)
                    for name, host in self.hosts.items():
                        await _until_read(host, admin, self._of(host, written), f"{name} has read {time}")
            finally:
                await admin.close()

    async def _grant(self, records: Sequence[Kept]) -> None:
        """Producers' own topics, and what they may tell on them."""
        granted = Granted()
        for kept in records:
            granted = granted.after(kept.key or "", kept.bytes)
        own = [self.prefix + topic for grant in granted.producers.values() for topic in grant.own_topics]
        if own:
            await topics.make_topics(self.kafka, own)
        await access.write_grants(self.kafka, self.prefix, {kept.key or "": kept.bytes for kept in records})

    def _move(self, time: datetime) -> None:
        self.moves += 1
        for host in self.hosts.values():
            host.clock.move(max(time, host.clock.now()), self.moves)

    async def _write(self, producer: AIOKafkaProducer, step: Iterable[Kept]) -> dict[TopicPartition, int]:
        """The offset after the last record in each partition that was written to."""
        ends = {}
        for kept in step:
            key = None if kept.key is None else kept.key.encode()
            headers = [(name, None if value is None else value.encode()) for name, value in kept.headers]
            placed = await producer.send_and_wait(self.prefix + kept.topic, kept.bytes, key=key, headers=headers)
            ends[TopicPartition(placed.topic, placed.partition)] = placed.offset + 1
        return ends

    def _of(self, host: Host, written: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        own = topics_of(host.service.subscriptions)
        return {one: end for one, end in written.items() if beside(one.topic.removeprefix(self.prefix))[0] in own}

    async def state(self) -> dict[str, Any]:
        """What came of it, as JSON."""
        return {
            name: {
                table: [_row(row) for row in await host.pool.fetch(sql)]
                for table, sql in {**STATE[name], **EVERYWHERE}.items()
            }
            for name, host in self.hosts.items()
        }


async def _until_read(
    host: Host, admin: AIOKafkaAdminClient, written: Mapping[TopicPartition, int], because: str
) -> None:
    await eventually(lambda: _has_read(host, admin, written), STEP_DEADLINE_S, because=because)


async def _has_read(host: Host, admin: AIOKafkaAdminClient, written: Mapping[TopicPartition, int]) -> bool:
    """Its offsets are committed, and with them what came of the events."""
    consumer = host.consumer
    assert consumer is not None
    if consumer.state == "halted":
        raise RuntimeError(f"{host.service.name} has stopped reading: {consumer.reason}")
    if not written:
        return True
    committed = await admin.list_consumer_group_offsets(consumer.inbox.consumer, partitions=list(written))
    return all(partition in committed and committed[partition].offset >= end for partition, end in written.items())


def _row(row: asyncpg.Record) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


@asynccontextmanager
async def readers(kafka: str, prefix: str, database: MakeDatabase, start: datetime) -> AsyncIterator[Readers]:
    """All services reading their topics; their domain time begins at `start`."""
    await topics.ensure_topics(kafka, prefix)
    stop = asyncio.Event()
    async with AsyncExitStack() as ending:
        hosts = {}
        for name in service_names():
            service: Service = importlib.import_module(f"services.{name}.app").SERVICE
            where = await database(name)
            settings = service.settings(database_url=where.url, kafka=kafka, prefix=prefix)
            pool = await open_pool(where.url, f"golden {name}", size=2)
            ending.push_async_callback(pool.close)
            host = hosts[name] = Host(service, settings, pool, DomainClock(start))
            host.consumer = build_consumer(host)
        reading = [asyncio.create_task(host.consumer.run(stop)) for host in hosts.values() if host.consumer]
        try:
            yield Readers(kafka, prefix, hosts)
        finally:
            stop.set()
            await asyncio.gather(*reading)


def main() -> None:
    """Writes a dump."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.golden", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("dump", help="write what stands in the topics of an installation")
    command.add_argument("--kafka", required=True, help="HOST:PORT of a broker")
    command.add_argument("--prefix", default="", help="in front of every topic's name")
    command.add_argument("folder", type=Path)
    command.set_defaults(kept=lambda given: dump(given.kafka, given.prefix))
    command = commands.add_parser("play", help="write what a story leaves in the topics")
    command.add_argument("story", type=Path)
    command.add_argument("--desk", action="store_true", help="then staff do on their pages what no story can")
    command.add_argument("folder", type=Path)
    command.set_defaults(kept=lambda given: play(given.story, desk=given.desk))
    options = parser.parse_args()
    kept = asyncio.run(options.kept(options))
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / LOG).write_text("".join(f"{one.line()}\n" for one in kept), encoding="utf-8")


if __name__ == "__main__":
    main()
