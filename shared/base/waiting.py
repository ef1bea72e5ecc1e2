"""Waiting, in machine time: for the first of several things, and ever longer between tries."""

from __future__ import annotations

import asyncio
import random


async def first_of(*events: asyncio.Event, seconds: float | None = None) -> bool:
    """Returns when one of them is set (True), or when the seconds are over (False)."""
    if any(event.is_set() for event in events):
        return True
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        # Not each by `await`: a cancellation of ours that comes just now would be taken for theirs.
        await asyncio.wait(waits)
    return bool(done)


class Backoff:
    """How long to wait before the next try: `first`, doubled with each failure up to `longest`, seconds.

    Each pause is spread by half of itself, so that those who failed together do not come back together.
    """

    def __init__(self, first: float, longest: float) -> None:
        self.failures = 0
        self._first = first
        self._longest = longest

    def failed(self) -> float:
        """Counts a failure; the pause before the next try."""
        # 2**30 is beyond every `longest`, and a float never overflows.
        pause = min(self._longest, self._first * float(1 << min(self.failures, 30)))
        self.failures += 1
        return pause * random.uniform(0.5, 1.5)  # noqa: S311  (spreads tries, guards nothing)

    def succeeded(self) -> None:
        """The next failure is the first one again."""
        self.failures = 0
