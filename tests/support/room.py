"""One service's use cases on a real database, at a time of the test's choosing, and what they told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import pytest

from deploy.local.locations import ROOT
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.base.links import NO_LINKS, Links
from shared.contracts.event import FACTS, Event
from shared.contracts.refusal import Refused
from shared.messaging.subscriptions import On, Subscription
from shared.runtime.timers import At, Timer
from shared.storage.migrate import SHARED, Stream, migrate
from shared.storage.pool import open_pool
from shared.storage.table import cause_of
from shared.storage.tx import Tx, transaction
from tests.support.servers import MakeDatabase

C = TypeVar("C")
BY_HAND = Cause("c0ffee00-0000-7000-8000-000000000000", None, "token/test")


@dataclass(slots=True)
class Room:
    """`time` is the domain time of whatever happens next, `actor` who is behind it; None = staff, or a fact's owner."""

    service: str
    pool: asyncpg.Pool[asyncpg.Record]
    subscriptions: Sequence[Subscription]
    timers: Sequence[At]
    time: datetime = datetime(2020, 6, 1, 8, tzinfo=UTC)
    read_to: int = 0
    ids: itertools.count[int] = field(default_factory=itertools.count)
    links: Links = NO_LINKS
    actor: str | None = None

    @property
    def cause(self) -> Cause:
        return BY_HAND if self.actor is None else replace(BY_HAND, actor=self.actor)

    @property
    def source(self) -> str:
        return f"/tovholder/{self.service}"

    def now(self) -> datetime:
        return self.time

    async def hear(self, *facts: Event) -> None:
        """One transaction; consecutive facts of one type go to their use case together, as in a batch."""
        usecases = {entry.fact.type: entry.usecase for entry in self.subscriptions if isinstance(entry, On)}
        async with transaction(self.pool, self, self.source, BY_HAND, self.links) as tx:
            for kind, told in itertools.groupby(facts, key=lambda fact: fact.type):
                await usecases[kind](tx, [self.received(fact) for fact in told])

    def received(self, fact: Event) -> Received[Any]:
        event_id = f"e{next(self.ids)}"
        cause = Cause(f"c-{event_id}", event_id, self.actor or f"source{fact.owner}")
        return Received(fact, fact.owner, event_id, fact.type, fact.subject, None, self.time, cause)

    async def ring(self, now: datetime | None = None) -> int:
        """Carry out all that is due at `now`, in the order in which it falls due; how many timers it was."""
        self.time = now or self.time
        usecases = {entry.timer: entry.usecase for entry in self.timers}
        rung = 0
        while True:
            async with transaction(self.pool, self, self.source, BY_HAND, self.links) as tx:
                row = await tx.fetchrow(
                    """
                    DELETE FROM timers WHERE (timer, key) = (
                        SELECT timer, key FROM timers WHERE due <= $1 ORDER BY due, timer, key LIMIT 1
                    ) RETURNING timer, key, due, data::text AS data, correlation_id, causation_id, actor
                    """,
                    self.time,
                )
                if row is None:
                    return rung
                timer = Timer(row["timer"], row["key"], row["due"], json.loads(row["data"]), cause_of(row))
                await usecases[timer.name](tx, [timer])
            rung += 1

    async def ask(self, usecase: Callable[[Tx, C], Awaitable[Answer]], command: C) -> dict[str, Any]:
        """The answer's body; Refused is raised and nothing is kept."""
        async with transaction(self.pool, self, self.source, self.cause, self.links) as tx:
            return (await usecase(tx, command)).body

    async def refusal(self, usecase: Callable[[Tx, C], Awaitable[Answer]], command: C) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.ask(usecase, command)
        return refused.value

    async def read(self, usecase: Callable[[Tx, Mapping[str, str]], Awaitable[Any]], **query: str) -> Any:
        async with transaction(self.pool, self, self.source, self.cause, self.links) as tx:
            return await usecase(tx, query)

    async def told(self) -> list[Event]:
        """The facts since the last look, in the order they were told, read as every reader reads them."""
        rows = await self.pool.fetch("SELECT id, type, payload FROM outbox WHERE id > $1 ORDER BY id", self.read_to)
        if rows:
            self.read_to = rows[-1]["id"]
        return [FACTS[row["type"]].model_validate_json(json.dumps(json.loads(row["payload"])["data"])) for row in rows]


async def open_room(
    service: str,
    database: MakeDatabase,
    subscriptions: Sequence[Subscription],
    timers: Sequence[At],
    links: Links = NO_LINKS,
) -> Room:
    """On a migrated database of its own; close `room.pool` afterwards."""
    where = await database()
    own = Stream.read(service, ROOT / "services" / service / "migrations")
    await migrate(where.owner_url, [SHARED, own], "test_any")
    return Room(service, await open_pool(where.url, "test"), subscriptions, timers, links=links)
