"""Where a story is played: the hand on the clock, the topics, the API and the mails of one running installation."""

from __future__ import annotations

import asyncio
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.local.emit import Outgoing
from deploy.local.simulation import Simulation
from deploy.local.stack import Addresses, token_of
from deploy.local.stories.acts import Route, routes_of
from deploy.local.stories.client import Client
from deploy.local.stories.log import Log, Told
from shared.contracts.event import MAX_EVENT_BYTES

_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa"})
_LONGEST_NAME = 60
_DEAD = "SELECT id, reason, detail, type, source, subject FROM dead_letters WHERE state = 'open' ORDER BY id"
_GAPS = "SELECT 'gap' AS reason, subject, source FROM parked_keys WHERE reason = 'gap' ORDER BY subject, source"


def token_name(by: str) -> str:
    """What the API token of somebody in a story is called: asta-proevesen."""
    plain = unicodedata.normalize("NFKD", by.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_NAME] or "nogen"


def token_names(callers: Iterable[str]) -> list[str]:
    """Each once, in the order of the alphabet."""
    return sorted({token_name(by) for by in callers})


class Stage:
    """`async with Stage(addresses, kill) as stage:`; `kill` ends a service and returns when it is ready again."""

    def __init__(self, addresses: Addresses, kill: Callable[[str], None]) -> None:
        self.addresses = addresses
        self.kill = kill
        self.simulation = Simulation(addresses.services, addresses.kafka, addresses.prefix, token=addresses.api_token)
        self.log = Log(addresses.kafka, addresses.prefix)
        tokens = {name: token_of(addresses.api_token, name) for name in addresses.callers}
        self.client = Client(
            addresses.gateway, addresses.mail, addresses.api_token, tokens, mail_key=addresses.mail_key
        )
        self.routes: dict[str, Route] = {}
        self._open = AsyncExitStack()
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        # What Kafka's client mutters while topics are being made is of no use to who watches a story.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        try:
            for part in (self.simulation, self.log, self.client):
                await self._open.enter_async_context(part)
            names = self.addresses.services
            documents = await asyncio.gather(*(self.client.get(f"/api/{name}/openapi.json") for name in names))
        except BaseException:
            await self._open.aclose()
            raise
        self.routes = routes_of(documents)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def events(self) -> Sequence[Told]:
        """Everything on the topics now, with what was asked for on the intake; each event once."""
        await self.log.read()
        return self.log.events

    async def tell(self, event: Outgoing) -> None:
        """As `tovholder emit` does; acknowledged when this returns."""
        await self._put(self.addresses.prefix + event.topic, event.value, key=event.subject.encode())

    async def again(self, record: Told) -> None:
        """The same bytes once more, where they lay."""
        headers = [(name, value) for name, value in record.headers]
        await self._put(record.topic, record.value, key=record.key, partition=record.partition, headers=headers)

    async def _put(self, topic: str, value: bytes | None, **more: Any) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self.addresses.kafka, acks="all", max_request_size=MAX_EVENT_BYTES + 100_000
            )
            await self._producer.start()
            self._open.push_async_callback(self._producer.stop)
        await self._producer.send_and_wait(topic, value, **more)

    async def dead_letters(self) -> list[dict[str, Any]]:
        """What no service could take in and nobody has settled, and the subjects that wait for an event."""
        found = await asyncio.gather(*(self._dead_letters_of(name) for name in self.addresses.services))
        return [one for part in found for one in part]

    async def _dead_letters_of(self, service: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.addresses.databases[service])
        try:
            rows = [*await connection.fetch(_DEAD), *await connection.fetch(_GAPS)]
        finally:
            await connection.close()
        return [{"service": service, **dict(row)} for row in rows]
