"""The two clocks. Domain time is a parameter of everything and may be simulated; machine time never is.

This is the only module that reads the machine's clock.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


def machine_now() -> datetime:
    """Real time, UTC: leases, back-off, retention, rate limits. Never a deadline people know of."""
    return datetime.now(UTC)  # noqa: TID251  (the edge where time enters)


class Clock(Protocol):
    """Whoever knows domain time."""

    def now(self) -> datetime: ...


class ClockRefused(Exception):  # noqa: N818  (an answer to whoever moves the clock)
    """A simulated clock only moves forward, and its generation grows with each move."""


class DomainClock:
    """Domain time, UTC. Real unless it was given a start; then it stands still until somebody moves it forward."""

    def __init__(self, start: datetime | None = None, generation: int = 0) -> None:
        self._simulated = start.astimezone(UTC) if start is not None else None
        self._generation = generation
        self._moved: list[asyncio.Event] = []
        self.held = False
        """Set to a new time, but no timer may ring yet: the other services are still being told."""

    @property
    def simulated(self) -> bool:
        return self._simulated is not None

    @property
    def generation(self) -> int:
        """How often it was moved, as the one who moves it counts; 0 when it is real."""
        return self._generation

    def now(self) -> datetime:
        return machine_now() if self._simulated is None else self._simulated

    def wakes(self, event: asyncio.Event) -> None:
        """Set `event` whenever the clock is moved."""
        self._moved.append(event)

    def check_move(self, now: datetime, generation: int) -> None:
        """Raise ClockRefused unless `move` would be a step forward (or the very step that was taken last)."""
        if self._simulated is None:
            raise ClockRefused("the clock is real")
        if now < self._simulated:
            raise ClockRefused("a clock does not go back")
        if generation < self._generation or (generation == self._generation and now != self._simulated):
            raise ClockRefused("the generation is not newer")

    def move(self, now: datetime, generation: int, *, hold: bool = False) -> None:
        """Set the time; timers ring unless it is on `hold`, and then with the same move without it."""
        self.check_move(now, generation)
        self._simulated = now.astimezone(UTC)
        self._generation = generation
        self.held = hold
        for event in self._moved:
            event.set()
