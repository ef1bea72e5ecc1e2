"""What is thrown away once its time is over: answers, counters of attempts, what messaging keeps. Machine time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from shared.base.failures import Failure, classify
from shared.base.waiting import Backoff, first_of
from shared.messaging import retention
from shared.runtime.service import Host, Service
from shared.runtime.settings import ServiceSettings
from shared.storage.retention import Rule, keep_to
from shared.web import ledger

EVERY_SECONDS = 3600.0
FIRST_PAUSE_SECONDS = 30.0
"""After an error, doubling up to the usual hour."""

_log = structlog.get_logger()


def rules_of(service: Service, settings: ServiceSettings) -> Sequence[Rule]:
    """Of the tables that every service has, and of its own."""
    own = service.retention(settings) if service.retention else ()
    return (*ledger.RULES, *retention.RULES, *own)


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
        """Everything that is over, in small transactions; how many rows that was."""
        host = self._host
        await host.pool.execute("SELECT outbox_sent_drop_partitions($1)", retention.SENT_DAYS)
        return sum([await keep_to(rule, host.pool) for rule in rules_of(host.service, host.settings)])
