"""What this process is doing right now, counted, so that somebody outside can see when all is quiet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Busy(Protocol):
    """Counts what is under way, so that others can see when all is quiet."""

    def busy(self) -> AbstractContextManager[None]: ...


class Looking:
    """For loops that look whether there is something to do: under way while they look, done only when they say so."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    @contextmanager
    def busy(self) -> Iterator[None]:
        self._activity.under_way += 1
        try:
            yield
        finally:
            self._activity.under_way -= 1


class Activity:
    """`under_way` things are being done; `done` only grows. Quiet = twice the same `done` with nothing under way."""

    def __init__(self) -> None:
        self.under_way = 0
        self.done = 0
        self.looking = Looking(self)

    @contextmanager
    def busy(self) -> Iterator[None]:
        with self.looking.busy():
            try:
                yield
            finally:
                self.done += 1
