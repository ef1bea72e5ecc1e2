"""A reader with real handlers on a real database, and records to give it, from Kafka or straight from the hand."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.local import topics
from shared.base.cloudevents import Received
from shared.contracts import catalogue
from shared.contracts.event import topic_of
from shared.contracts.invoicing import InvoiceRejected, PaymentRegistered
from shared.contracts.notifications import MessageFailed
from shared.contracts.scheduling import ClusterFormed
from shared.messaging.consumer import Consumer
from shared.messaging.inbox import Inbox
from shared.messaging.records import StoredRecord
from shared.messaging.subscriptions import Subscription, on, topics_of
from shared.storage.tx import Tx
from tests.support.eventually import eventually
from tests.support.servers import Database

CONTRACTS = catalogue.MODULES
"""Every fact and command is in the registries, as it is in a service."""

OWNER = "/tovholder/invoicing"
EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
NOON = datetime(2020, 6, 1, 12, tzinfo=UTC)

EFFECTS = """
CREATE TABLE effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    sequence bigint,
    said text NOT NULL CHECK (said <> 'poison'),
    only_once text UNIQUE DEFERRABLE INITIALLY DEFERRED
)
"""


class Noon:
    """Domain time stands at noon."""

    def now(self) -> datetime:
        return NOON


def event(
    invoice: str,
    sequence: int | str | None,
    said: str = "",
    *,
    event_id: str = "",
    source: str = OWNER,
    wire_type: str = InvoiceRejected.type,
    data: dict[str, Any] | None = None,
    **attributes: Any,
) -> dict[str, Any]:
    """A CloudEvent about an invoice, as its owner tells it; `attributes` replace or (None) remove."""
    found = {
        "specversion": "1.0",
        "id": event_id or f"{invoice}.{sequence}",
        "source": source,
        "type": wire_type,
        "subject": f"invoice/{invoice}",
        "time": "2020-06-01T11:59:00Z",
        "datacontenttype": "application/json",
        "sequence": str(sequence) if sequence is not None else None,
        "correlationid": "root",
        "data": {"owner": source, "invoice_id": invoice, "reason": said} if data is None else data,
        **attributes,
    }
    return {name: value for name, value in found.items() if value is not None}


def cluster(
    name: str, sequence: int | None, *, programme: str = "p", source: str = "/tovholder/scheduling", **attributes: Any
) -> dict[str, Any]:
    """A CloudEvent about a cluster. Whose it is goes by the programme, which is not in its subject."""
    example = json.loads((EXAMPLES / f"{ClusterFormed.type}.json").read_text(encoding="utf-8"))["data"]
    data = {**example, "owner": source, "cluster_id": name, "title": source}
    data["programme"] = {**data["programme"], "id": programme}
    named = {"event_id": f"{name}.{sequence}", "subject": f"cluster/{name}"} | attributes
    return event(name, sequence, source=source, wire_type=ClusterFormed.type, data=data, **named)


@dataclass
class Reader:
    """A consumer of `tovholder.invoicing`'s facts with a table of effects; handlers may be told to fail."""

    database: Database
    pool: asyncpg.Pool
    kafka: str
    prefix: str
    calls: list[list[tuple[str, int | None]]] = field(default_factory=list)
    bug_on: str | None = None
    subscriptions: Sequence[Subscription] = ()
    offsets: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.topic = f"{self.prefix}{topic_of('invoicing')}"
        self.subscriptions = (on(InvoiceRejected, self.note), on(PaymentRegistered, self.note_payment))
        self.build()

    def build(self, *extra: Subscription, service: str = "notifications", doorkeeper: bool = False) -> Consumer:
        """A fresh consumer, as after a restart."""
        listened = (*self.subscriptions, *extra)
        self.inbox = Inbox(service, listened, Noon(), prefix=self.prefix, doorkeeper=doorkeeper)
        listed = [self.prefix + topic for topic in topics_of(listened)]
        self.consumer = Consumer(self.inbox, dsn=self.database.url, kafka=self.kafka, topics=listed)
        return self.consumer

    async def note(self, tx: Tx, events: Sequence[Received[InvoiceRejected]]) -> None:
        self.calls.append([(event.subject, event.sequence) for event in events])
        if self.bug_on is not None and any(event.data.reason == self.bug_on for event in events):
            raise KeyError(self.bug_on)
        await tx.execute(
            "INSERT INTO effects (subject, sequence, said, only_once) "
            "SELECT a, b, c, nullif(d, '') FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) "
            "WITH ORDINALITY AS u (a, b, c, d, n) ORDER BY n",
            [event.subject for event in events],
            [event.sequence for event in events],
            [event.data.reason for event in events],
            [event.data.reason if event.data.reason.startswith("once") else "" for event in events],
        )
        for event in events:
            tx.publish(an_answer(event.data.invoice_id), because=event.cause)

    async def note_payment(self, tx: Tx, events: Sequence[Received[PaymentRegistered]]) -> None:
        self.calls.append([(event.subject, event.sequence) for event in events])
        await tx.connection.executemany(
            "INSERT INTO effects (subject, sequence, said) VALUES ($1, $2, $3)",
            [(event.subject, event.sequence, f"paid {event.data.amount_ore}") for event in events],
        )

    async def note_cluster(self, tx: Tx, events: Sequence[Received[ClusterFormed]]) -> None:
        self.calls.append([(event.subject, event.sequence) for event in events])
        await tx.connection.executemany(
            "INSERT INTO effects (subject, sequence, said) VALUES ($1, $2, $3)",
            [(event.subject, event.sequence, event.data.title) for event in events],
        )

    # From the hand ------------------------------------------------------------------------------------------------

    def record(self, what: dict[str, Any] | bytes | None, *, topic: str | None = None, **given: Any) -> StoredRecord:
        """A record of what was told, at the next offset; `given` are `key`, `headers`, `offset`."""
        value = json.dumps(what).encode() if isinstance(what, dict) else what
        offset = given.get("offset", next(self.offsets))
        return StoredRecord(
            topic or self.topic, 0, offset, 1_590_000_000_000, given.get("key"), value, given.get("headers", ())
        )

    async def take(self, *what: dict[str, Any] | bytes | StoredRecord | None) -> None:
        """One batch, as the consumer takes it."""
        await self.consumer._take([self._as_record(one) for one in what])

    def _as_record(self, what: dict[str, Any] | bytes | StoredRecord | None) -> StoredRecord:
        if isinstance(what, StoredRecord):
            return what
        of_clusters = isinstance(what, dict) and what.get("type") == ClusterFormed.type
        return self.record(what, topic=f"{self.prefix}{topic_of('scheduling')}" if of_clusters else None)

    def listen_to_clusters(self) -> None:
        """From now on the fresh consumer hears of clusters too."""
        self.build(on(ClusterFormed, self.note_cluster))

    # What came of it ----------------------------------------------------------------------------------------------

    async def effects(self, invoice: str | None = None) -> list[int | None]:
        """Sequences that had their effect, in order; of one invoice or all."""
        rows = await self.pool.fetch(
            "SELECT sequence FROM effects WHERE $1::text IS NULL OR subject = 'invoice/' || $1 ORDER BY id", invoice
        )
        return [row[0] for row in rows]

    async def dead(self) -> list[str]:
        """Reasons of open dead letters, in their order."""
        rows = await self.pool.fetch("SELECT reason FROM dead_letters WHERE state = 'open' ORDER BY id")
        return [row[0] for row in rows]

    async def parked(self) -> list[int | None]:
        """Sequences that wait."""
        return [row[0] for row in await self.pool.fetch("SELECT sequence FROM parked_events ORDER BY id")]

    async def count(self, table: str) -> int:
        found: int = await self.pool.fetchval(f"SELECT count(*) FROM {table}")
        return found

    # Over Kafka ---------------------------------------------------------------------------------------------------

    async def send(self, *what: dict[str, Any] | bytes | None, **given: Any) -> None:
        """Put records on the topic, acknowledged one after the other."""
        async with producer(self.kafka) as sender:
            for one in what:
                value = json.dumps(one).encode() if isinstance(one, dict) else one
                key = one["subject"].encode() if isinstance(one, dict) and "subject" in one else b"someone"
                await sender.send_and_wait(
                    given.get("topic", self.topic), value, given.get("key", key), headers=given.get("headers")
                )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Consumer]:
        """The consumer reads from Kafka while the block lasts."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.consumer.run(stop))
        try:
            yield self.consumer
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)

    async def caught_up(self) -> None:
        """Everything on the topics is taken in and its offsets are committed."""

        async def nothing_pending() -> bool:
            return self.consumer.ready and await self.consumer.pending() == 0

        await eventually(nothing_pending, 30)


async def allow_poison(reader: Reader) -> None:
    """A corrected version: what was refused is fine now."""
    connection = await asyncpg.connect(reader.database.owner_url)
    try:
        await connection.execute("ALTER TABLE effects DROP CONSTRAINT effects_said_check")
    finally:
        await connection.close()


def an_answer(about: str) -> MessageFailed:
    """A fact of the reading service."""
    return MessageFailed(
        owner="/tovholder/notifications",
        message_id=about,
        template="t",
        recipient="461/sekretariat",
        about=f"invoice/{about}",
        occasion="1",
        reason="smtp_550",
    )


@asynccontextmanager
async def producer(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer as any other system has."""
    sender = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True, max_request_size=3_000_000)
    await sender.start()
    try:
        yield sender
    finally:
        await sender.stop()


async def make_topics(kafka: str, *names: str) -> None:
    """Topics as an installation has them, and only those that the test needs: a broker is slow to make many."""
    await topics.make_topics(kafka, names)


async def empty(database: Database) -> None:
    """No row in any table, and a fresh table of effects: as new, and much faster than a new database."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        tables = await connection.fetchval(
            "SELECT string_agg(format('%I', relname), ', ') FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'schema_versions'"
        )
        await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE; DROP TABLE IF EXISTS effects; {EFFECTS}")
    finally:
        await connection.close()
