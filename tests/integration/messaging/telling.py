"""A database that tells, a relay that sends what it told, and what a reader of the topic sees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.messaging.relay import Relay
from shared.storage.tx import transaction
from tests.integration.messaging.harness import Noon, an_answer
from tests.support.eventually import eventually
from tests.support.servers import Database

SOURCE = "/tovholder/notifications"
TOPIC = "tovholder.notifications"


@dataclass
class Told:
    """A database that tells, and what a reader of the topic sees."""

    database: Database
    pool: asyncpg.Pool
    kafka: str
    prefix: str

    async def tell(self, *about: str) -> None:
        async with transaction(self.pool, Noon(), SOURCE) as tx:
            for one in about:
                tx.publish(an_answer(one))

    def relay(self, **given: Any) -> Relay:
        return Relay(SOURCE, dsn=self.database.url, kafka=self.kafka, topics=[TOPIC], prefix=self.prefix, **given)

    @asynccontextmanager
    async def relaying(self, relay: Relay | None = None) -> AsyncIterator[Relay]:
        stop = asyncio.Event()
        running = relay or self.relay()
        task = asyncio.create_task(running.run(stop))
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)

    async def outbox(self) -> list[str]:
        """Subjects that wait, in order."""
        return [row[0] for row in await self.pool.fetch("SELECT key FROM outbox ORDER BY id")]

    async def sent(self) -> None:
        await eventually(self.empty, 20)

    async def empty(self) -> bool:
        return await self.outbox() == []

    async def log(self) -> list[tuple[int, str, int, dict[str, Any]]]:
        """(partition, key, timestamp, event) of every record, in the order of each partition."""
        async with AIOKafkaConsumer(bootstrap_servers=self.kafka, auto_offset_reset="earliest") as reader:
            partitions = [TopicPartition(self.prefix + TOPIC, n) for n in range(12)]
            reader.assign(partitions)
            ends = await reader.end_offsets(partitions)
            found: list[tuple[int, str, int, dict[str, Any]]] = []
            while len(found) < sum(ends.values()):
                for records in (await reader.getmany(timeout_ms=500)).values():
                    found += [(r.partition, r.key.decode(), r.timestamp, json.loads(r.value)) for r in records]
            return found

    async def sequences(self, about: str) -> list[int]:
        return [int(told["sequence"]) for _, key, _, told in await self.log() if key == f"message/{about}"]
