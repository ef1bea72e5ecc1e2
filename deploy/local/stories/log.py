"""Everything that was told and asked for, read from the topics as any other system could."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.catalogue import SERVICES
from shared.contracts.event import INTAKE_TOPIC, PARTITIONS, topic_of
from shared.messaging.kafka import Address, client_options
from shared.messaging.lenient import read_any_name

_NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Told:
    """One record, byte for byte, and the event in it; empty when it holds none."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    event: dict[str, Any]
    offset: int = 0

    @property
    def age(self) -> tuple[datetime, int, int]:
        """What is newer has a greater one: by when it happened, and of one instant by where it lies."""
        try:
            at = datetime.fromisoformat(str(self.event.get("time"))).astimezone(UTC)
        except ValueError:
            at = datetime.min.replace(tzinfo=UTC)
        return at, self.partition, self.offset

    @property
    def type(self) -> str:
        return str(self.event.get("type", ""))

    @property
    def identity(self) -> tuple[str, str]:
        return str(self.event.get("source")), str(self.event.get("id"))

    @property
    def data(self) -> dict[str, Any]:
        found = self.event.get("data")
        return found if isinstance(found, dict) else _NOTHING


class Log:
    """Every topic from its beginning, in the order of arrival, per partition Kafka's own."""

    def __init__(self, kafka: Address, prefix: str = "") -> None:
        self.events: list[Told] = []
        """Each once, as its readers take it: the same source and id again is a copy, as a killed relay makes them."""
        self._known: set[tuple[str, str]] = set()
        self._prefix = prefix
        self._partitions = self._of((*map(topic_of, SERVICES), INTAKE_TOPIC))
        read_any_name()
        self._consumer = AIOKafkaConsumer(
            **client_options(kafka), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100
        )
        self._read: dict[TopicPartition, int] = {}
        self._reading = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        await self._assign()
        return self

    async def also_read(self, topics: Iterable[str]) -> None:
        """These as well (without prefix), from their beginning."""
        async with self._reading:
            self._partitions += self._of(topics)
            await self._assign()

    def _of(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(self._prefix + topic, number) for topic in topics for number in range(PARTITIONS)]

    async def _assign(self) -> None:
        self._consumer.assign(self._partitions)
        # Between two looks nothing is fetched: a broker that is asked ten times a second has less time for the others.
        self._consumer.pause(*self._partitions)
        for partition in self._partitions:
            self._consumer.seek(partition, self._read.get(partition, 0))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def read(self) -> None:
        """Take in everything that stands on the topics now."""
        async with self._reading:
            ends = await self._consumer.end_offsets(self._partitions)
            behind = {part for part, end in ends.items() if end > self._read.get(part, 0)}
            self._consumer.resume(*behind)
            try:
                while behind:
                    for part, records in (await self._consumer.getmany(*behind, timeout_ms=1000)).items():
                        self._take(part, records)
                    behind = {part for part in behind if ends[part] > self._read.get(part, 0)}
            finally:
                self._consumer.pause(*self._partitions)

    def _take(self, part: TopicPartition, records: Sequence[Any]) -> None:
        for one in records:
            told = Told(one.topic, one.partition, one.key, one.value, tuple(one.headers), _event(one.value), one.offset)
            if told.identity not in self._known:
                self._known.add(told.identity)
                self.events.append(told)
        self._read[part] = records[-1].offset + 1


def _event(value: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(value or b"null")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
