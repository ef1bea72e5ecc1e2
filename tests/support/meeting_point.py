"""Two transactions that really meet: the second one begins when the first has done everything but COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import asyncpg

from shared.base.cause import Cause
from shared.base.links import Links
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx, transaction
from tests.support.eventually import eventually

A = TypeVar("A")
B = TypeVar("B")

FIRST = Cause("c0ffee00-0000-7000-8000-000000000001", None, "token/first")
SECOND = Cause("c0ffee00-0000-7000-8000-000000000002", None, "token/second")


class Place(Protocol):
    """A service's database, and what time it is there."""

    @property
    def pool(self) -> asyncpg.Pool: ...
    @property
    def source(self) -> str: ...
    @property
    def links(self) -> Links: ...
    def now(self) -> object: ...


async def meet(
    place: Place, first: Callable[[Tx], Awaitable[A]], second: Callable[[Tx], Awaitable[B]]
) -> tuple[A, B | Refused]:
    """What came of both. The first commits when the second waits for it, or is through already: then nothing held it.

    A test says what must be true when both are done. Without the lock that it is about, the second has decided on what
    was no longer so.
    """

    async with transaction(place.pool, place, place.source, FIRST, place.links) as tx:  # type: ignore[arg-type]
        done = await first(tx)
        await tx.flush()
        other = await meet_now(place, second)
    return done, await other


async def meet_now(place: Place, second: Callable[[Tx], Awaitable[B]]) -> asyncio.Task[B | Refused]:
    """The second one, which waits for the transaction that this is called in, or is through already."""

    async def do() -> B | Refused:
        try:
            async with transaction(place.pool, place, place.source, SECOND, place.links) as tx:  # type: ignore[arg-type]
                return await second(tx)
        except Refused as refused:
            return refused

    other = asyncio.create_task(do())

    async def met() -> bool:
        return other.done() or await somebody_waits(place.pool)

    await eventually(met, because="the second waits for the first, or is through")
    return other


async def somebody_waits(pool: asyncpg.Pool) -> bool:
    """For a row, or for another lock of PostgreSQL's, in this database."""
    waits: bool = await pool.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    return waits
