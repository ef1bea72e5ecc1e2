"""When tokens were used last is written down beside the requests, many at a time: nobody waits for it."""

from __future__ import annotations

import asyncio

import structlog

from shared.base.failures import Failure, classify
from shared.base.waiting import first_of
from shared.web.tokens import Keyring

EVERY_SECONDS = 20.0
"""So much of it is lost at most when a process is killed."""

_log = structlog.get_logger()


class TokenUse:
    """A part of whatever answers requests."""

    name = "token_use"

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then what is left is written."""
        while not stop.is_set():
            await first_of(stop, seconds=EVERY_SECONDS)
            try:
                await self._keyring.write_used()
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                # It is kept, and tried again; without a database there is little to be used either.
                _log.warning("token_use_waits", error=type(error).__name__)
