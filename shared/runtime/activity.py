"""What this process is doing right now, counted, so that somebody outside can see when all is quiet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Activity:
    """`busy` things are under way; `done` only grows. Quiet = twice the same `done` with nothing busy."""

    def __init__(self) -> None:
        self.under_way = 0
        self.done = 0

    @contextmanager
    def busy(self) -> Iterator[None]:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
            self.done += 1
