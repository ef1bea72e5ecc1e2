"""What is thrown away once its time is over: answers, counters of attempts, what messaging keeps. Machine time."""

from __future__ import annotations

import asyncio

import structlog

from shared.base.cause import Cause, new_correlation
from shared.base.failures import Failure, classify
from shared.base.waiting import Backoff, first_of
from shared.messaging.retention import forget
from shared.runtime.service import Host
from shared.web.ledger import forget_old

EVERY_SECONDS = 3600.0
FIRST_PAUSE_SECONDS = 30.0
"""After an error, doubling up to the usual hour."""

_log = structlog.get_logger()


class Housekeeping:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff(FIRST_PAUSE_SECONDS, EVERY_SECONDS)
        while not stop.is_set():
            pause = EVERY_SECONDS
            try:
                await self.once()
                backoff.succeeded()
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                pause = backoff.failed()
                _log.warning("housekeeping_waits", error=type(error).__name__, seconds=pause)
            await first_of(stop, seconds=pause)

    async def once(self) -> int:
        """Everything that is over, in small transactions; how many answers were forgotten."""
        forgotten = 0
        while True:
            async with self._host.transaction(Cause(new_correlation(), None, "clock")) as tx:
                removed = await forget_old(tx)
                await tx.execute("DELETE FROM attempts WHERE since < now() - interval '1 day'")
            forgotten += removed
            if not removed:
                break
        async with self._host.pool.acquire() as connection:
            await forget(connection)
        return forgotten
