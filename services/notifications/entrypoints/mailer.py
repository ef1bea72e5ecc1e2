"""The worker that sends: claim, deliver, and look again; one connection, one mail at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from services.notifications.adapters import outgoing
from services.notifications.adapters.messages import Message
from services.notifications.adapters.smtp import Unreachable
from services.notifications.usecases.deliver_message import Post, deliver, note_unknown
from shared.messaging.failures import Failure, classify
from shared.runtime.activity import Activity

_log = structlog.get_logger()

AT_ONCE = 50
IDLE_S = 0.05
"""A receipt is to be at the server a tenth of a second after the sign-up, so the queue is asked often."""
LONGEST_PAUSE_S = 30.0


class Mailer:
    """A Worker (see `shared.runtime.service`). A kill leaves at most one message whose fate is unknown."""

    name = "mailer"

    def __init__(self, post: Post, activity: Activity) -> None:
        self._post = post
        self._activity = activity
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        heart = asyncio.create_task(self._beat(), name="mailer-lease")
        try:
            while not stop.is_set():
                pause = IDLE_S
                try:
                    if await self._round(stop):
                        self._failures = 0
                        continue
                except Unreachable as error:
                    pause = self._wait(str(error))
                except Exception as error:
                    await self._post.conversation.close()
                    if classify(error) is not Failure.TRANSIENT:
                        raise
                    pause = self._wait(type(error).__name__)
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
            await self._post.conversation.close()

    async def pending(self) -> int:
        return await outgoing.waiting(self._post.pool)

    async def _round(self, stop: asyncio.Event) -> bool:
        post = self._post
        lost, due = await outgoing.to_do(post.pool, post.mailer)
        if lost:
            await note_unknown(post)
        if not due:
            return False
        claimed = await outgoing.claim(post.pool, post.mailer, post.lease_s, AT_ONCE)
        if not claimed:
            return False
        left = list(claimed)
        try:
            with self._activity.busy():
                await self._send(left, stop)
        finally:
            if left:
                await outgoing.give_back(post.pool, [message.id for message in left], post.mailer)
        return True

    async def _send(self, left: list[Message], stop: asyncio.Event) -> None:
        """Take messages off `left` as they are done; what stays on it was not begun."""
        blocked: set[str] = set()
        await self._post.conversation.open()
        for message in tuple(left):
            if stop.is_set():
                return
            if message.address_key in blocked:
                continue
            await self._post.conversation.open()
            if not await deliver(self._post, message):
                blocked.add(message.address_key)
            left.remove(message)

    def _wait(self, error: str) -> float:
        self._failures += 1
        pause = min(LONGEST_PAUSE_S, 0.25 * (1 << min(self._failures, 10)))
        _log.warning("mailer_waits", alarm=self._failures > 3, error=error, seconds=pause)  # noqa: PLR2004  (a restart of the mail server is no alarm)
        return pause

    async def _beat(self) -> None:
        """Leases are renewed three times while they last, also during a long conversation."""
        while True:
            await asyncio.sleep(self._post.lease_s / 3)
            try:
                await outgoing.renew(self._post.pool, self._post.mailer, self._post.lease_s)
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                _log.warning("mailer_lease_not_renewed", error=type(error).__name__)
