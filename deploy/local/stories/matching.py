"""Whether a value is as a story says, and what differs. Pure.

A text, a number, true, false or null must be equal; a list must have as many items, each as said; a mapping says
something of the paths it names and nothing of the rest, or is one of the comparisons in `COMPARISONS`. What a path does
not find is like nothing: neither null nor `not` anything, so that a path with a slip in it holds of nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.local.stories.paths import MISSING, has_many, select


@dataclass(frozen=True, slots=True)
class Difference:
    """`path` leads to `found`, which should have been `expected`."""

    path: str
    expected: Any
    found: Any


def _at_least(found: Any, limit: Any) -> bool:
    return _comparable(found, limit) and bool(found >= limit)


def _at_most(found: Any, limit: Any) -> bool:
    return _comparable(found, limit) and bool(found <= limit)


def _contains(found: Any, part: Any) -> bool:
    if isinstance(found, str):
        return isinstance(part, str) and part in found
    return isinstance(found, list | tuple) and any(matches(part, one) for one in found)


def _one_of(found: Any, choices: Any) -> bool:
    return isinstance(choices, list) and any(matches(choice, found) for choice in choices)


def _not(found: Any, unwanted: Any) -> bool:
    return found is not MISSING and not matches(unwanted, found)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "at_least": _at_least,
    "at_most": _at_most,
    "contains": _contains,
    "one_of": _one_of,
    "not": _not,
}
"""Texts compare as texts do, which is right for days and instants as JSON writes them."""


def _comparable(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return numbers or (isinstance(one, str) and isinstance(other, str))


def _equal(expected: Any, found: Any) -> bool:
    if expected is None:
        return found is None
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return bool(expected == found)


def is_comparison(expected: Any) -> bool:
    return isinstance(expected, dict) and bool(expected) and set(expected) <= set(COMPARISONS)


def matches(expected: Any, found: Any) -> bool:
    return not differences(expected, found)


def differences(expected: Any, found: Any, path: str = "") -> list[Difference]:
    """What is not as it should be; none when all is well."""
    if is_comparison(expected):
        holds = all(COMPARISONS[name](found, limit) for name, limit in expected.items())
        return [] if holds else [Difference(path, expected, found)]
    if isinstance(expected, dict):
        return [one for inner, value in expected.items() for one in _at(inner, value, found, path)]
    if isinstance(expected, list):
        if not isinstance(found, list | tuple) or len(found) != len(expected):
            return [Difference(path, expected, found)]
        pairs = enumerate(zip(expected, found, strict=True))
        return [one for number, (want, have) in pairs for one in differences(want, have, _joined(path, str(number)))]
    return [] if _equal(expected, found) else [Difference(path, expected, found)]


def _at(inner: str, expected: Any, found: Any, path: str) -> list[Difference]:
    """With `*` in the path one of those it leads to is enough."""
    there = select(found, inner)
    whole = _joined(path, inner)
    if not has_many(inner):
        return differences(expected, there[0], whole)
    return [] if any(matches(expected, one) for one in there) else [Difference(whole, expected, there)]


def _joined(path: str, inner: str) -> str:
    return f"{path}.{inner}" if path else inner
