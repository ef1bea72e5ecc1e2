"""Several events of one subject in one batch, taken one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def in_turns(items: Iterable[T], key: Callable[[T], str]) -> Iterator[list[T]]:
    """Lists in which each key stands once, in order: what is told does not depend on how events are batched.

    As long as there is room for it in the transaction: see `looks`.
    """
    turns: list[list[T]] = []
    seen: dict[str, int] = {}
    for item in items:
        turn = seen.get(key(item), 0)
        seen[key(item)] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(item)
    yield from turns
