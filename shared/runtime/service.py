"""A service: what it is made of, and what it offers to its pages and workers while it runs.

How it starts and stops: `shared.runtime.running`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import structlog
from starlette.routing import BaseRoute

from shared.base.activity import Activity
from shared.base.cause import Cause
from shared.base.clock import DomainClock
from shared.base.ids import seed_ids
from shared.base.tasks import Tasks
from shared.contracts.decision import Alarm
from shared.contracts.event import INTAKE_TOPIC, topic_of
from shared.messaging.consumer import Consumer
from shared.messaging.grants import Grants
from shared.messaging.inbox import Inbox
from shared.messaging.relay import Relay
from shared.messaging.subscriptions import Subscription, topics_of
from shared.runtime.health import Health, OutboxWatch
from shared.runtime.settings import ServiceSettings
from shared.runtime.timers import At, Timers
from shared.runtime.why import Explain
from shared.storage.migrate import SHARED, Stream, check
from shared.storage.pool import count_start, open_pool
from shared.storage.retention import Rule
from shared.storage.simulated_clock import open_clock
from shared.storage.tx import Tx, transaction
from shared.web.door import Door
from shared.web.gate import Gate
from shared.web.pages import Accessibility, Pages
from shared.web.routes import Route
from shared.web.tokens import Keyring

DOORKEEPER = "enrollment"

_log = structlog.get_logger()


class Worker(Protocol):
    """Something a service does all the time beside the kernel's work, such as talking to a mail server."""

    @property
    def name(self) -> str: ...

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then finish what is under way and return."""

    async def pending(self) -> int:
        """How much is left to do: 0 is part of being quiet."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as data: everything that distinguishes it from the others."""

    name: str
    settings: type[ServiceSettings]
    subscriptions: Sequence[Subscription] = ()
    routes: Sequence[Route] = ()
    timers: Sequence[At] = ()
    standing: Callable[[Any, datetime], Sequence[Alarm]] | None = None
    """Timers that ring whoever asks for something or not, by its settings and from now on."""
    pages: Callable[[Host], Sequence[BaseRoute]] | None = None
    workers: Callable[[Host], Sequence[Worker]] | None = None
    explain: Explain | None = None
    retention: Callable[[Any], Sequence[Rule]] | None = None
    """What of its own tables it forgets, and when, by its settings."""
    commands: Mapping[str, Callable[[Sequence[str]], int | None]] = field(default_factory=dict)
    home: Path | None = None
    """Where its templates and migrations lie, if not in `services/<name>`."""

    @property
    def source(self) -> str:
        return f"/tovholder/{self.name}"

    @property
    def folder(self) -> Path:
        return self.home or Path(__file__).parents[2] / "services" / self.name


class Host:
    """What a running service offers to its pages and workers."""

    def __init__(self, service: Service, settings: ServiceSettings, pool: asyncpg.Pool, clock: DomainClock) -> None:
        self.service = service
        self.settings = settings
        self.pool = pool
        self.clock = clock
        self.activity = Activity()
        self.log = _log
        self.tasks = Tasks()
        """Whatever lives as long as the process."""
        self.health = Health(service.name, self.tasks)
        self.outbox = OutboxWatch(pool)
        self.door = Door(self.transaction, self.activity, self.outbox.overloaded, self.tasks)
        self.timers = Timers(service.timers, self.transaction, clock, self.activity)
        about = Accessibility(settings.accessibility_statement or "/tilgaengelighed", settings.accessibility_contact)
        self.pages = Pages(
            service.name, service.folder / "templates", public_url=settings.public_url, accessibility=about
        )
        self.workers: Sequence[Worker] = ()
        self.consumer: Consumer | None = None
        """In the roles that read events."""

    @cached_property
    def keyring(self) -> Keyring:
        """Whose tokens open what."""
        return Keyring(self.settings.tokens, self.pool)

    @cached_property
    def gate(self) -> Gate:
        """For forms that anybody may send; ValueError without a key that signs links."""
        return Gate(self.settings.link_key, self.settings.links, self.pool)

    def transaction(self, cause: Cause) -> AbstractAsyncContextManager[Tx]:
        """State, inbox and outbox: all of it or nothing. COMMIT at the end, ROLLBACK on any exception."""
        return transaction(self.pool, self.clock, self.service.source, cause, self.settings.links)


def streams_of(service: Service) -> tuple[Stream, ...]:
    """Migrations of a service's database, in order."""
    return SHARED, Stream.read(service.name, service.folder / "migrations")


async def open_host(service: Service, settings: ServiceSettings) -> Host:
    """Pool, schema check and clock. Raises MigrationError when the database is older than this code."""
    pool = await open_pool(settings.database_url.get_secret_value(), f"{service.name} web")
    try:
        await check(pool, streams_of(service), service.name)
        clock = await open_clock(pool, settings.simulated_start)
        if clock.simulated:
            async with pool.acquire() as connection:
                start = await count_start(connection, "service")
            seed_ids(f"{settings.seed}\n{service.name}\n{start}")
        return Host(service, settings, pool, clock)
    except BaseException:
        pool.terminate()
        raise


def build_inbox(host: Host) -> Inbox:
    """The reading side without Kafka. `enrollment` also answers for commands that nobody owns."""
    service = host.service
    doorkeeper = service.name == DOORKEEPER
    return Inbox(
        service.name,
        service.subscriptions,
        host.clock,
        prefix=host.settings.prefix,
        doorkeeper=doorkeeper,
        links=host.settings.links,
    )


def build_consumer(host: Host) -> Consumer:
    """The one subscriber of a service."""
    service, settings = host.service, host.settings
    topics = {*topics_of(service.subscriptions), *([INTAKE_TOPIC] if service.name == DOORKEEPER else [])}
    return Consumer(
        build_inbox(host),
        dsn=settings.database_url.get_secret_value(),
        kafka=settings.kafka_access,
        topics=sorted(topics),
        prefix=settings.prefix,
        activity=host.activity,
        grants=Grants(settings.kafka_access, settings.prefix),
    )


def build_relay(host: Host) -> Relay:
    """It sends to the service's own topic and, for `POST /events`, to the intake."""
    service, settings = host.service, host.settings
    return Relay(
        service.source,
        dsn=settings.database_url.get_secret_value(),
        kafka=settings.kafka_access,
        topics=(topic_of(service.name), INTAKE_TOPIC),
        prefix=settings.prefix,
        activity=host.activity.looking,
    )
