"""Where a story is played: the hand on the clock, the topics, the API and the mails of one running installation."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaProducer

from deploy.local import producers
from deploy.local.access import secret_of
from deploy.local.emit import Outgoing
from deploy.local.principals import OPERATOR, of_producer
from deploy.local.simulation import Simulation
from deploy.local.stack import Addresses, kafka_as, kafka_as_admin, token_of
from deploy.local.stories.acts import Route, routes_of
from deploy.local.stories.client import Client
from deploy.local.stories.log import Log, Told
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import INTAKE_TOPIC, MAX_EVENT_BYTES
from shared.messaging.grants import beside, topic_from
from shared.messaging.kafka import client_options

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
        kafka = kafka_as(addresses)
        self.simulation = Simulation(addresses.services, kafka, addresses.prefix, token=addresses.api_token)
        self.log = Log(kafka, addresses.prefix)
        tokens = {name: token_of(addresses.api_token, name) for name in addresses.callers}
        self.client = Client(
            addresses.gateway, addresses.mail, addresses.api_token, tokens, mail_key=addresses.mail_key
        )
        self.routes: dict[str, Route] = {}
        self._open = AsyncExitStack()
        self._senders: dict[str, AIOKafkaProducer] = {}
        self._producers: dict[str, str] = {}
        """By source, what the producer is called that speaks for it."""

    async def __aenter__(self) -> Self:
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
        """As `tovholder emit` does; acknowledged when this returns. Who tells a fact becomes a producer first."""
        name = self._producers.get(event.source)
        if name is None and event.topic != INTAKE_TOPIC:
            name = await self._make_producer(event.source)
        topic = event.topic if name is None else topic_from(event.topic, name)
        who = OPERATOR if name is None else of_producer(name)
        await self._put(who, self.addresses.prefix + topic, event.value, key=event.subject.encode())

    async def again(self, record: Told) -> None:
        """The same bytes once more, where they lay."""
        headers = [(name, value) for name, value in record.headers]
        _, name = beside(record.topic.removeprefix(self.addresses.prefix))
        who = OPERATOR if name is None else of_producer(name)
        await self._put(who, record.topic, record.value, key=record.key, partition=record.partition, headers=headers)

    async def _make_producer(self, source: str) -> str:
        """One that may tell everything as `source`, and ask for everything."""
        prefix, secrets = self.addresses.prefix, self.addresses.kafka_secrets
        name = token_name(source)
        if name in self._producers.values():
            name = f"{name[: _LONGEST_NAME - 4]}-{len(self._producers)}"
        grant = producers.grant(name, (*SERVICES, producers.INTAKE), [source])
        password = None if secrets is None else producers.password_in(Path(secrets) / secret_of(of_producer(name)))
        databases = self.addresses.databases
        await producers.add(kafka_as_admin(self.addresses), grant, password, prefix, databases=databases)
        await self.log.also_read(grant.own_topics)
        await self.simulation.also_watch(grant.own_topics)
        self._producers[source] = name
        return name

    async def _put(self, who: str, topic: str, value: bytes | None, **more: Any) -> None:
        sender = self._senders.get(who)
        if sender is None:
            sender = self._senders[who] = AIOKafkaProducer(
                **client_options(kafka_as(self.addresses, who)), acks="all", max_request_size=MAX_EVENT_BYTES + 100_000
            )
            await sender.start()
            self._open.push_async_callback(sender.stop)
        await sender.send_and_wait(topic, value, **more)

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
