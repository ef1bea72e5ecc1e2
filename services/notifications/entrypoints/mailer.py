"""The worker that sends: claim, deliver, and look again.

Several connections to the mail server, one mail at a time on each. The letters to one mailbox stay on one of them, so
that they go out in their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

import structlog

from services.notifications.adapters import outgoing
from services.notifications.adapters.messages import Message
from services.notifications.adapters.smtp import Conversation, Unreachable
from services.notifications.usecases.deliver_message import Post, deliver, note_unknown
from shared.base.activity import Activity
from shared.base.failures import Failure, classify

_log = structlog.get_logger()

AT_ONCE = 50
IDLE_S = 0.05
"""A receipt is to be at the server a tenth of a second after the sign-up, so the queue is asked often."""
LONGEST_PAUSE_S = 30.0


class Mailer:
    """A Worker (see `shared.runtime.service`). A kill leaves at most one message per connection of unknown fate."""

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
                    await self._hang_up()
                    if classify(error) is not Failure.TRANSIENT:
                        raise
                    pause = self._wait(type(error).__name__)
                with suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause)
        finally:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
            await self._hang_up()

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
        left = {message.id: message for message in claimed}
        try:
            with self._activity.busy():
                await self._send(left, stop)
        finally:
            if left:
                await outgoing.give_back(post.pool, list(left), post.mailer)
        return True

    async def _send(self, left: dict[str, Message], stop: asyncio.Event) -> None:
        """Take messages off `left` as they are done; what stays on it was not begun."""
        # A connection that fails lets the others finish what they have begun: cut off, its fate would be unknown.
        ended = await asyncio.gather(
            *(
                self._send_in_order(conversation, messages, left, stop)
                for conversation, messages in zip(
                    self._post.conversations, share(left.values(), len(self._post.conversations)), strict=True
                )
                if messages
            ),
            return_exceptions=True,
        )
        errors = [error for error in ended if isinstance(error, BaseException)]
        for error in sorted(errors, key=lambda error: isinstance(error, Unreachable)):
            raise error

    async def _send_in_order(
        self, conversation: Conversation, messages: Sequence[Message], left: dict[str, Message], stop: asyncio.Event
    ) -> None:
        blocked: set[str] = set()
        await conversation.open()
        for message in messages:
            if stop.is_set():
                return
            if message.address_key in blocked:
                continue
            await conversation.open()
            if not await deliver(self._post, conversation, message):
                blocked.add(message.address_key)
            del left[message.id]

    async def _hang_up(self) -> None:
        for conversation in self._post.conversations:
            await conversation.close()

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


def share(messages: Iterable[Message], ways: int) -> list[list[Message]]:
    """Divide them among so many connections; all to one mailbox go the same way, in their order."""
    shared: list[list[Message]] = [[] for _ in range(ways)]
    way_of: dict[str, list[Message]] = {}
    for message in messages:
        way = way_of.setdefault(message.address_key, min(shared, key=len))
        way.append(message)
    return shared
