"""Who may tell what beside our own services: grants to other producers, read from a topic and held against each event.

Kafka knows who writes to a topic, and nothing of what an event says of itself. So each other producer has topics of its
own, `<topic>.from.<producer>`, that only it may write to, and a grant: which facts and commands it may tell there, and
as which sources. Grants stand on `tovholder.producers` (compacted, one partition, written by the administrator alone),
keyed `producer/<name>`. Beside them stands, keyed `plain/<topic>`, from which offset on a service's plain topic takes
what the service itself tells and nothing else: what other systems told there before stays what it was.

A fact that is not granted has no place in the order of the stream that it claims: it is dead at once, nothing waits
behind it, and its id is as unknown as before. Else a forger could hold up, or forestall, what he may not speak for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from shared.base.cloudevents import Arrival, Defect
from shared.contracts.event import Frozen
from shared.messaging.kafka import Address, client_options

log: structlog.stdlib.BoundLogger = structlog.get_logger()

PRODUCERS_TOPIC = "tovholder.producers"
FROM = ".from."
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")
"""Of a producer: part of the name of a topic and of a user."""
LOOK_EVERY_S = 1.0
"""A new producer is read after so long at the latest, and the time that its group takes to divide its partitions."""
ABSENT_EVERY_S = 10.0
"""Between looks for the topic itself, where nobody has made it."""
NOT_GRANTED = "not_granted"
_OWN = "/tovholder/"
_POLL_MS = 200


class Grant(Frozen):
    """What one producer may tell: facts of these services or types, as these sources, beside these topics."""

    producer: str
    topics: tuple[str, ...]
    """Without prefix, sorted: its own ones lie beside them."""
    may: tuple[str, ...]
    """Wire types; the name of a service stands for all its facts, `intake` for all commands."""
    sources: tuple[str, ...]

    @property
    def own_topics(self) -> tuple[str, ...]:
        return tuple(topic_from(topic, self.producer) for topic in self.topics)


_OFFSETS = TypeAdapter(tuple[int, ...])


def topic_from(topic: str, producer: str) -> str:
    """Where `producer` tells what belongs on `topic`."""
    return f"{topic}{FROM}{producer}"


def beside(topic: str) -> tuple[str, str | None]:
    """The topic that a name (without prefix) lies beside, and whose it is; None for the plain one."""
    base, _, producer = topic.partition(FROM)
    return base, producer or None


@dataclass(frozen=True, slots=True)
class Granted:
    """All that is granted at one moment. Nothing granted and nothing closed: one that knows no producers."""

    producers: Mapping[str, Grant] = field(default_factory=dict)
    closed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By topic (without prefix), per partition the offset from which on only its own service is believed there."""

    def topics(self, read: Sequence[str]) -> list[str]:
        """Those of the producers, beside the topics that are `read` (without prefix)."""
        grants = self.producers.values()
        return sorted(topic_from(topic, one.producer) for one in grants for topic in one.topics if topic in read)

    def refuses(self, topic: str, arrival: Arrival) -> Defect | None:
        """Why this may not be told there (`topic` without prefix). Of what names no source nothing can be said."""
        base, producer = beside(topic)
        if arrival.source is None:
            return None
        if producer is None:
            return self._refuses_plain(base, arrival)
        grant = self.producers.get(producer)
        if grant is None or base not in grant.topics:
            return Defect(NOT_GRANTED, "the producer of this topic may tell nothing here")
        if arrival.source.startswith(_OWN) or arrival.source not in grant.sources:
            return Defect(NOT_GRANTED, "the producer of this topic may not speak for this source")
        if arrival.type not in grant.may and base.removeprefix("tovholder.") not in grant.may:
            return Defect(NOT_GRANTED, "the producer of this topic may not tell this type")
        return None

    def _refuses_plain(self, base: str, arrival: Arrival) -> Defect | None:
        closed, record = self.closed.get(base), arrival.record
        if closed is None or arrival.source == _OWN + base.removeprefix("tovholder."):
            return None
        if record.partition < len(closed) and record.offset < closed[record.partition]:
            return None
        return Defect(NOT_GRANTED, "this topic takes what its own service tells, and nothing else")

    def after(self, key: str, value: bytes | None) -> Granted:
        """With one record of the topic more. What cannot be read takes away what stood there: nothing is granted."""
        kind, _, name = key.partition("/")
        match kind:
            case "producer":
                producers = {one: grant for one, grant in self.producers.items() if one != name}
                if (grant := _grant(name, value)) is not None:
                    producers[name] = grant
                return Granted(producers, self.closed)
            case "plain":
                closed = {one: offsets for one, offsets in self.closed.items() if one != name}
                if value is not None:
                    closed[name] = _offsets(name, value)
                return Granted(self.producers, closed)
            case _:
                return self


def _grant(name: str, value: bytes | None) -> Grant | None:
    if value is None:
        return None
    try:
        grant = Grant.model_validate_json(value)
    except ValidationError:
        grant = None
    if grant is None or grant.producer != name or NAME.fullmatch(name) is None:
        log.error("grant_unreadable", alarm=True, producer=name)
        return None
    return grant


def _offsets(topic: str, value: bytes) -> tuple[int, ...]:
    try:
        offsets = _OFFSETS.validate_json(value)
    except ValidationError:
        offsets = ()
    if not offsets:
        log.error("grant_unreadable", alarm=True, topic=topic)
    return offsets


class Grants:
    """Follows the topic. `granted` is what was known at the last look, `catch_up` looks now."""

    def __init__(self, kafka: Address, prefix: str = "") -> None:
        self.granted = Granted()
        self._read_so_far = self.granted
        self._kafka = kafka
        self._partition = TopicPartition(prefix + PRODUCERS_TOPIC, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._looking = asyncio.Lock()
        self._looked_for_at: float | None = None

    async def catch_up(self) -> Granted:
        """What is granted now. Raises KafkaError; an installation without the topic grants nothing."""
        async with self._looking:
            consumer = self._consumer or await self._open()
            if consumer is not None:
                try:
                    await self._read(consumer)
                except KafkaError:
                    await self._close()
                    raise
            return self.granted

    async def look(self) -> Granted:
        """What is granted now; what was known last when Kafka does not say."""
        try:
            return await self.catch_up()
        except (KafkaError, OSError) as error:
            log.warning("grants_not_read", error=type(error).__name__)
            return self.granted

    async def close(self) -> None:
        async with self._looking:
            await self._close()

    async def _open(self) -> AIOKafkaConsumer | None:
        now = asyncio.get_running_loop().time()
        if self._looked_for_at is not None and now - self._looked_for_at < ABSENT_EVERY_S:
            return None
        if not await _exists(self._kafka, self._partition.topic):
            self._looked_for_at = now
            return None
        consumer = AIOKafkaConsumer(
            **client_options(self._kafka), client_id="tovholder-grants", enable_auto_commit=False, fetch_max_wait_ms=100
        )
        try:
            await consumer.start()
            consumer.assign([self._partition])
            # Between two looks nothing is fetched: a look would wait for its answer.
            consumer.pause(self._partition)
            await consumer.seek_to_beginning(self._partition)
        except BaseException:
            await consumer.stop()
            raise
        # From the beginning again, and so from nothing: what stood there when it was last read may be gone.
        self._read_so_far = Granted()
        self._consumer = consumer
        return consumer

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        if await consumer.position(self._partition) > end:
            # The topic was made anew: what it said before is granted no more.
            await consumer.seek_to_beginning(self._partition)
            self._read_so_far = Granted()
        if await consumer.position(self._partition) < end:
            consumer.resume(self._partition)
            while await consumer.position(self._partition) < end:
                for record in (await consumer.getmany(self._partition, timeout_ms=_POLL_MS)).get(self._partition, ()):
                    self._read_so_far = self._read_so_far.after(_text(record.key), record.value)
            consumer.pause(self._partition)
        self.granted = self._read_so_far

    async def _close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()


async def read_grants(kafka: Address, prefix: str = "") -> Granted:
    """What is granted now, for one who asks once."""
    grants = Grants(kafka, prefix)
    try:
        return await grants.catch_up()
    finally:
        await grants.close()


async def _exists(kafka: Address, topic: str) -> bool:
    admin = AIOKafkaAdminClient(**client_options(kafka), client_id="tovholder-grants")
    try:
        await admin.start()
        (described,) = await admin.describe_topics([topic])
        return bool(described["error_code"] == 0)
    finally:
        await admin.close()


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "replace")
