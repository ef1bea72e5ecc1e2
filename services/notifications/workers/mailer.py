"""The worker that sends: lease, deliver, and look again.

Several connections to the mail server, one mail at a time on each. The letters to one mailbox stay on one of them, so
that they go out in their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from services.notifications.adapters import outgoing
from services.notifications.adapters.messages import Stored
from services.notifications.adapters.smtp import Conversation, Unreachable
from services.notifications.usecases.deliver_message import Post, deliver, note_unknown
from shared.base.activity import Activity
from shared.base.failures import Failure, classify
from shared.base.tasks import companion
from shared.base.waiting import Backoff, first_of
from shared.storage.tx import on_committed

_log = structlog.get_logger()

AT_ONCE = 50
IDLE_S = 1.0
"""A commit of this process wakes the mailer, and it is this process that reads events and writes letters. What another
one has written, or what waits for a later try, is seen as late as this."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
USUAL_FAILURES = 3
"""In a row: a restart of the mail server is no alarm."""


class Mailer:
    """A Worker (see `shared.runtime.service`). A kill leaves at most one message per connection of unknown fate."""

    name = "mailer"

    def __init__(self, post: Post, activity: Activity) -> None:
        self._post = post
        self._activity = activity
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        unhook = on_committed(self._wake.set)
        try:
            async with companion(self._beat):
                await self._go_round(stop)
        finally:
            unhook()
            await self._hang_up()

    async def _go_round(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            try:
                if await self._round(stop):
                    self._backoff.succeeded()
                else:
                    await first_of(stop, self._wake, seconds=IDLE_S)
                continue
            except Unreachable as error:
                pause = self._wait(str(error))
            except Exception as error:
                await self._hang_up()
                if classify(error) is not Failure.TRANSIENT:
                    raise
                pause = self._wait(type(error).__name__)
            await first_of(stop, seconds=pause)

    async def pending(self) -> int:
        return await outgoing.count_waiting(self._post.pool)

    async def _round(self, stop: asyncio.Event) -> bool:
        post = self._post
        lost, due = await outgoing.load_to_do(post.pool, post.mailer)
        if lost:
            await note_unknown(post)
        if not due:
            return False
        leased = await outgoing.lease(post.pool, post.mailer, post.lease_s, AT_ONCE)
        if not leased:
            return False
        left = {one.message.id: one for one in leased}
        try:
            with self._activity.busy():
                await self._send(left, stop)
        finally:
            if left:
                await outgoing.give_back(post.pool, list(left), post.mailer)
        return True

    async def _send(self, left: dict[str, Stored], stop: asyncio.Event) -> None:
        """Take messages off `left` as they are done; what stays on it was not begun."""
        # A connection that fails lets the others finish what they have begun: cut off, its fate would be unknown.
        ended = await asyncio.gather(
            *(
                self._send_in_order(conversation, leased, left, stop)
                for conversation, leased in zip(
                    self._post.conversations, share(left.values(), len(self._post.conversations)), strict=True
                )
                if leased
            ),
            return_exceptions=True,
        )
        errors = [error for error in ended if isinstance(error, BaseException)]
        for error in sorted(errors, key=lambda error: isinstance(error, Unreachable)):
            raise error

    async def _send_in_order(
        self, conversation: Conversation, leased: Sequence[Stored], left: dict[str, Stored], stop: asyncio.Event
    ) -> None:
        blocked: set[str] = set()
        await conversation.open()
        for one in leased:
            if stop.is_set():
                return
            if one.message.address_key in blocked:
                continue
            await conversation.open()
            if not await deliver(self._post, conversation, one):
                blocked.add(one.message.address_key)
            del left[one.message.id]

    async def _hang_up(self) -> None:
        for conversation in self._post.conversations:
            await conversation.close()

    def _wait(self, error: str) -> float:
        pause = self._backoff.failed()
        _log.warning("mailer_waits", alarm=self._backoff.failures > USUAL_FAILURES, error=error, seconds=pause)
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


def share(leased: Iterable[Stored], ways: int) -> list[list[Stored]]:
    """Divide them among so many connections; all to one mailbox go the same way, in their order."""
    shared: list[list[Stored]] = [[] for _ in range(ways)]
    way_of: dict[str, list[Stored]] = {}
    for one in leased:
        way = way_of.setdefault(one.message.address_key, min(shared, key=len))
        way.append(one)
    return shared
