"""Tasks, and who sees when one dies: everything that runs beside something else is started here, and nowhere else.

What lives as long as the process is a part (`Tasks.start`): one that ends unasked is known to readiness, and the
process ends with it, so that whoever supervises the process starts it whole again. What lives as long as a block is a
`companion` of it (endless) or runs `alongside` (to its end); its error is the block's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

T = TypeVar("T")
Part = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set; then finishes what is under way and returns."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Started:
    name: str
    task: asyncio.Task[None]
    stop: asyncio.Event


class Tasks:
    """The parts of one process. `lost` says which ended unasked, and why; `gone` is set with the first."""

    def __init__(self) -> None:
        self.lost: dict[str, str] = {}
        self.gone = asyncio.Event()
        self._started: list[_Started] = []

    def start(self, name: str, run: Part) -> None:
        """Runs until it is stopped by its name."""
        stop = asyncio.Event()
        # The loop itself holds tasks weakly.
        self._started.append(_Started(name, asyncio.create_task(self._watched(name, run, stop), name=name), stop))

    async def stop(self, *names: str) -> None:
        """Asks them to end, and returns when all have; a name that nobody has is passed over."""
        ending = [one for one in self._started if one.name in names]
        for one in ending:
            one.stop.set()
        await asyncio.gather(*(one.task for one in ending), return_exceptions=True)
        self._started = [one for one in self._started if one not in ending]

    async def cancel(self) -> list[str]:
        """Cuts off what still runs; its names."""
        left = [one for one in self._started if not one.task.done()]
        for one in left:
            one.stop.set()
            one.task.cancel()
        await asyncio.gather(*(one.task for one in left), return_exceptions=True)
        return [one.name for one in left]

    async def _watched(self, name: str, run: Part, stop: asyncio.Event) -> None:
        why, error = "ended", None
        try:
            await run(stop)
        except Exception as raised:  # noqa: BLE001  (whatever it was, the part is gone)
            why, error = type(raised).__name__, raised
        except BaseException as raised:
            why = type(raised).__name__
            raise
        finally:
            # First what has to be known; then it is told.
            unasked = not stop.is_set()
            if unasked:
                self.lost[name] = why
                self.gone.set()
            if unasked or error is not None:
                _log.critical("part_failed", alarm=True, part=name, exc_info=error, unasked=unasked)


@asynccontextmanager
async def companion(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """The block with endless `work` beside it, which ends with the block. If it ends first, so does the block: by its
    error, or a RuntimeError when it had none.
    """
    try:
        async with asyncio.TaskGroup() as group:
            beside = group.create_task(_endless(work))
            yield
            beside.cancel()
    except BaseExceptionGroup as both:
        # Its own error comes first; then the block's was only that it was cut off.
        raise both.exceptions[0] from None


async def _endless(work: Callable[[], Awaitable[None]]) -> None:
    await work()
    raise RuntimeError("what runs beside this has no end")


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """The block with `work` beside it, which is waited for however the block ends; its result is the task's."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await task
