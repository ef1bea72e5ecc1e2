"""Paths into JSON values: `invoice.buyer.code`, `lines.0.net_ore`, and `*` for every one of a list. Pure."""

from __future__ import annotations

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


def _step(value: Any, part: str) -> list[Any]:
    if part == "*":
        return list(value) if isinstance(value, list | tuple) else []
    if isinstance(value, dict) and part in value:
        return [value[part]]
    if isinstance(value, list | tuple) and part.isdecimal() and int(part) < len(value):
        return [value[int(part)]]
    return [MISSING]
