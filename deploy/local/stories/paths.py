"""Paths into JSON values: `invoice.buyer.code`, `lines.0.net_ore`, and `*` for every one of a list. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Missing:
    """What a path leads to when nothing is there; equal to nothing but itself."""

    def __repr__(self) -> str:
        return "(findes ikke)"


MISSING = Missing()


def has_many(path: str) -> bool:
    """Whether the path may lead to several values."""
    return "*" in path.split(".")


def select(value: Any, path: str) -> list[Any]:
    """Everything the path leads to, in order. Without `*` it is one value, MISSING when nothing is there."""
    found = [value]
    for part in path.split("."):
        found = [one for inner in found for one in _step(inner, part)]
    return found


def rows_at(value: Any, path: str) -> list[Any] | None:
    """The items of every list that the path leads to, in order; None where something on the way is no list."""
    found = [value]
    for part in path.split("."):
        if part == "*" and not all(isinstance(one, list | tuple) for one in found):
            return None
        found = [one for inner in found for one in _step(inner, part)]
    return [one for rows in found for one in rows] if all(isinstance(one, list | tuple) for one in found) else None


def may_lead(value: Any, path: str) -> bool:
    """Whether a value of this shape may have something there: null and an empty list may hold anything."""
    return _may_lead(value, path.split("."))


def _may_lead(value: Any, parts: Sequence[str]) -> bool:
    if value is None or not parts:
        return True
    part, *rest = parts
    if isinstance(value, dict):
        return part in value and _may_lead(value[part], rest)
    if not isinstance(value, list | tuple):
        return False
    if part == "*":
        return not value or any(_may_lead(one, rest) for one in value)
    return part.isdecimal() and (int(part) >= len(value) or _may_lead(value[int(part)], rest))


def _step(value: Any, part: str) -> list[Any]:
    if part == "*":
        return list(value) if isinstance(value, list | tuple) else []
    if isinstance(value, dict) and part in value:
        return [value[part]]
    if isinstance(value, list | tuple) and part.isdecimal() and int(part) < len(value):
        return [value[int(part)]]
    return [MISSING]
