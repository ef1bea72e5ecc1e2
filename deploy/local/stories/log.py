"""Everything that was told and asked for, read from the topics as any other system could."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.event import INTAKE_TOPIC, PARTITIONS, SERVICES, topic_of

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

    @property
    def type(self) -> str:
        return str(self.event.get("type", ""))

    @property
    def data(self) -> dict[str, Any]:
        found = self.event.get("data")
        return found if isinstance(found, dict) else _NOTHING


class Log:
    """Reads every topic from its beginning; `records` grows in the order of arrival, per partition Kafka's own."""

    def __init__(self, bootstrap: str, prefix: str = "") -> None:
        self.records: list[Told] = []
        topics = [prefix + topic for topic in (*map(topic_of, SERVICES), INTAKE_TOPIC)]
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=100
        )
        self._read: dict[TopicPartition, int] = {}
        self._more = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)
        self._reading = asyncio.create_task(self._read_on())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        await self._consumer.stop()

    async def read(self) -> None:
        """Wait until everything that stands on the topics now has been taken in."""
        ends = await self._consumer.end_offsets(self._partitions)
        async with self._more:
            await self._more.wait_for(lambda: all(self._read.get(part, 0) >= end for part, end in ends.items()))

    async def _read_on(self) -> None:
        while True:
            found = await self._consumer.getmany(timeout_ms=1000)
            for part, records in found.items():
                self.records += [
                    Told(one.topic, one.partition, one.key, one.value, tuple(one.headers), _event(one.value))
                    for one in records
                ]
                self._read[part] = records[-1].offset + 1
            async with self._more:
                self._more.notify_all()


def _event(value: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(value or b"null")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
