"""Waiting for something to become true, with a deadline and never with a fixed sleep."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
EVERY_S = 0.02


async def eventually(
    predicate: Callable[[], Awaitable[T] | T],
    deadline: float = 15.0,
    *,
    every: float = EVERY_S,
    because: str = "",
) -> T:
    """The first true value of `predicate` (plain or async), asked again until `deadline` seconds have passed.

    A failed assertion in it counts as "not yet"; any other exception is raised at once. When time is up the last
    value or assertion stands in the failure.
    """
    until = time.monotonic() + deadline
    while True:
        try:
            value = predicate()
            last: object = await value if inspect.isawaitable(value) else value
            if last:
                return last  # type: ignore[return-value] # T was widened to object for the failure message
        except AssertionError as failed:
            last = failed
        if time.monotonic() >= until:
            name = because or getattr(predicate, "__name__", "condition")
            raise AssertionError(f"not within {deadline} s: {name}; the last answer was {last!r}")
        await asyncio.sleep(every)
