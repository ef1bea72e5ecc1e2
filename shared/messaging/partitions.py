"""The days of `outbox_sent` are there before the relay needs them, and are made beside it, never by it.

A day that is missing all the same (the machine's clock was wrong, or nobody could make it) the relay makes when it
needs it; see `relay`.
"""

from __future__ import annotations

import asyncio

import structlog

from shared.base.failures import Failure, classify
from shared.base.waiting import Backoff, first_of
from shared.messaging import metrics
from shared.storage.tx import Connection, Pool

log: structlog.stdlib.BoundLogger = structlog.get_logger()

DAYS_AHEAD = 14
FEW_DAYS = 4
"""So few left mean that for ten days nobody could make one: somebody holds the table against every change of it."""
LOOK_EVERY_S = 3600.0
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 600.0


class Partitions:
    """A part of the relay's process, with a connection of the pool while it looks."""

    name = "partitions"

    def __init__(self, source: str, pool: Pool) -> None:
        self.source = source
        self._pool = pool

    async def run(self, stop: asyncio.Event) -> None:
        """What could not be made now is tried again, ever later; a database that is away is waited for."""
        backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while not stop.is_set():
            pause = LOOK_EVERY_S
            try:
                async with self._pool.acquire() as connection:
                    days = await make_days(connection)
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                pause = backoff.failed()
                log.warning("partitions_wait", source=self.source, error=type(error).__name__, seconds=pause)
            else:
                metrics.DAYS_AHEAD.labels(self.source).set(days)
                if days > DAYS_AHEAD:
                    backoff.succeeded()
                else:
                    pause = backoff.failed()
                    log.warning("partitions_wait", alarm=days < FEW_DAYS, source=self.source, days=days, seconds=pause)
            await first_of(stop, seconds=pause)


async def make_days(connection: Connection, ahead: int = DAYS_AHEAD) -> int:
    """Make today's partition and so many more; how many days in a row are there now. Waits for nobody."""
    await connection.execute("SELECT outbox_sent_make_partitions($1)", ahead)
    days: int = await connection.fetchval("SELECT outbox_sent_days_ahead()")
    return days
