"""`{name.field}` in the texts of a story: what an earlier step was answered. Pure.

A text that is nothing but a reference becomes the value itself, whatever its type; inside a longer text it is written
out. `{meeting: vest-heldag-1}` is the id of something by the key that people know it by (`LOOKUPS`). `{{` and `}}` are
braces. Anything else in braces is text as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.local.stories.paths import MISSING, has_many, select


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where a list of the API tells keys and ids apart: `path` answers `{rows: [{key…, id…}]}`."""

    path: str
    rows: str
    key: str
    id: str
    noun: str
    """In Danish, for whoever named one that is not there."""


LOOKUPS: Mapping[str, Lookup] = {
    "meeting": Lookup("/api/scheduling/meetings", "meetings", "key", "id", "et møde"),
    "enrolment": Lookup(
        "/api/enrollment/enrolments", "enrolments", "organisation.code", "enrolment_id", "en tilmelding"
    ),
}
Sought = tuple[str, str]
"""A word of LOOKUPS and a key; with several programmes the key may be `programme/key`."""

NAME = r"[\w-]+"
_REFERENCE = re.compile(
    r"\{\{|\}\}"
    rf"|\{{(?P<name>{NAME})(?P<path>(?:\.[\w*-]+)*)\}}"
    rf"|\{{(?P<word>{'|'.join(LOOKUPS)}): *(?P<key>[^{{}}]+?)\}}"
)


class UnknownReferenceError(Exception):
    """A reference that leads nowhere; the sentence, in Danish, says which."""


def is_lookup(value: Any) -> bool:
    """`{meeting: vest-heldag-1}`, which YAML reads as a mapping."""
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(word in LOOKUPS and isinstance(key, str) for word, key in value.items())
    )


def has_reference(value: Any) -> bool:
    """Whether anything in it is only known while the story is played."""
    return is_lookup(value) or any(
        found["name"] or found["word"] for text in _texts(value) for found in _REFERENCE.finditer(text)
    )


def names_in(value: Any) -> Iterator[str]:
    """The names that references in it begin with."""
    for text in _texts(value):
        yield from (found["name"] for found in _REFERENCE.finditer(text) if found["name"])


def lookups_in(value: Any, names: Mapping[str, Any]) -> Iterator[Sought]:
    """What must be looked up before it can be resolved. Raises UnknownReferenceError."""
    if is_lookup(value):
        yield _sought(value, names)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from lookups_in(inner, names)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from lookups_in(inner, names)
    elif isinstance(value, str):
        yield from ((found["word"], found["key"]) for found in _REFERENCE.finditer(value) if found["word"])


def resolve(value: Any, names: Mapping[str, Any], ids: Mapping[Sought, str]) -> Any:
    """The same with every reference replaced. Raises UnknownReferenceError."""
    if is_lookup(value):
        return ids[_sought(value, names)]
    if isinstance(value, dict):
        return {resolve(key, names, ids): resolve(inner, names, ids) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(inner, names, ids) for inner in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole and (whole["name"] or whole["word"]):
        return _value(whole, names, ids)
    return _REFERENCE.sub(lambda found: _text(found, names, ids), value)


def _sought(lookup: Mapping[str, str], names: Mapping[str, Any]) -> Sought:
    ((word, key),) = lookup.items()
    return word, str(resolve(key, names, {}))


def _value(found: re.Match[str], names: Mapping[str, Any], ids: Mapping[Sought, str]) -> Any:
    if found["word"]:
        return ids[found["word"], found["key"]]
    name, path = found["name"], found["path"].removeprefix(".")
    if name not in names:
        raise UnknownReferenceError(f"{found[0]}: intet trin før dette hedder {name}.")
    if not path:
        return names[name]
    there = select(names[name], path)
    if has_many(path):
        return there
    if there[0] is MISSING:
        raise UnknownReferenceError(f"{found[0]}: {name} har ikke noget felt {path}. {_fields(names[name])}")
    return there[0]


def _text(found: re.Match[str], names: Mapping[str, Any], ids: Mapping[Sought, str]) -> str:
    if found[0] in ("{{", "}}"):
        return found[0][0]
    value = _value(found, names, ids)
    if isinstance(value, dict | list):
        raise UnknownReferenceError(f"{found[0]} er ikke en enkelt værdi og kan ikke stå inde i en tekst.")
    return str(value)


def _fields(value: Any) -> str:
    return f"Den har: {', '.join(map(str, value))}." if isinstance(value, dict) else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
