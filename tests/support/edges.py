"""What a fact or a command can be at its bounds, and just past them: made from the JSON Schema of each.

An *oddity* is an ordinary event with one thing in it that is not: a day at either end of the calendar, the longest
text that is allowed and one character more, a number that no column holds, a list of thousands, a field that is away.
All of it is made from numbers, so that the same seed gives the same events.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from deploy.docs import schemas

Path = tuple[str | int, ...]
Schema = dict[str, Any]

AWAY = object()
"""The field is not there."""
_HUGE = "\ue000huge\ue000"
"""Stands for a number of 5,000 digits, which Python would not write."""
_SCHEMAS = schemas()

NEVER_COMPRESSED = random.Random(7).randbytes(4_500).hex()  # noqa: S311  (chance, not secrecy)
"""9,000 characters that no index entry has room for."""

DAYS = (
    "0001-01-01",
    "0001-01-02",
    "0002-01-01",
    "0999-12-31",
    "1582-10-10",
    "1899-12-31",
    "1900-01-01",
    "1970-01-01",
    "1999-12-31",
    "2000-01-01",
    "2099-12-31",
    "2100-01-01",
    "2300-01-01",
    "2999-12-31",
    "9998-12-31",
    "9999-01-01",
    "9999-12-30",
    "9999-12-31",
    "10000-01-01",
    "-0001-01-01",
    "0000-01-01",
    "2021-02-29",
    "2021-04-15T00:00:00Z",
    1_618_444_800,
    1e300,
)
INSTANTS = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "0001-01-03T00:00:00Z",
    "0002-01-01T00:00:00Z",
    "1893-03-31T23:10:00Z",
    "1969-12-31T23:59:59Z",
    "2000-01-01T00:00:00Z",
    "2021-03-28T02:30:00+01:00",
    "2021-04-15T09:30:00",
    "2021-10-31T00:30:00.123456789Z",
    "2021-04-15T09:30:00-23:59",
    "2100-01-01T00:00:00Z",
    "9998-12-31T23:59:59Z",
    "9999-12-30T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-12:00",
    "2021-04-15",
    "2016-12-31T23:59:60Z",
    0,
    -1e17,
    1e300,
)
CLOCKS = ("00:00", "23:59:59.999999", "24:00", "09:30Z", "09:30+02:00", "9.30", "", 34_200)
TEXTS = (
    "",
    " ",
    "\n",
    "\0",
    "a\0b",
    "\x07\x1b[31m\x7f\x9b",
    "\ud800",
    "\ufffe\uffff\ufdd0",
    "\u202egnirts\u202c",
    "A\r\nBcc: x@y.example\r\n\r\n<script>alert(1)</script>",
    "=?utf-8?q?hi=0D=0ABcc:_evil@x.example?=",
    "{{ 7 * 7 }}{% for a in b %}#set page(width: 1cm)]]>",
    "😀👩‍👩‍👧🇩🇰" * 60,
    "e\u0301" * 200,
    "x" * 255,
    "x" * 256,
    "ø" * 3_000,
    NEVER_COMPRESSED,
    "2013-99",
    "0000-00",
    "٢٠٢١-٠٤",
    "javascript:alert(1)",
    "../../../etc/passwd",
    "/" * 3_000,
    "a@b.example",
    "1e400",
    "null",
    5,
)
WHOLE_NUMBERS = (
    0,
    -1,
    1,
    101,
    2**31 - 1,
    2**31,
    2**53,
    2**53 + 1,
    2**62,
    2**63 - 1,
    2**63,
    -(2**63),
    10**30,
    10**4_000,
    _HUGE,
    1.0,
    1.5,
    1e300,
    "1",
    True,
)
WRONG = (None, AWAY, {}, [])
"""Of another type than any field, one of them at least."""


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a schema, and where it stands in the data."""

    path: Path
    schema: Schema
    owner: str
    """The model it belongs to: `Seller` stands in most facts, and is the same in each."""

    @property
    def counts(self) -> bool:
        """Days, instants and numbers are reckoned with, which texts are not."""
        kinds = self.schema.get("anyOf", (self.schema,))
        return any(kind.get("type") == "integer" or "format" in kind for kind in kinds)


def places(wire_type: str) -> Sequence[Place]:
    """Every node of what this type can carry, but the whole."""
    return _places(wire_type)


@cache
def _places(wire_type: str) -> tuple[Place, ...]:
    root = _SCHEMAS[wire_type]
    return tuple(_walk(root, root, (), wire_type))


def _walk(schema: Schema, root: Schema, path: Path, owner: str) -> Iterator[Place]:
    schema, owner = _resolved(schema, root, owner)
    if path:
        yield Place(path, schema, owner)
    for inner in schema.get("anyOf", ()):
        if inner.get("type") != "null":
            yield from _walk_inside(*_resolved(inner, root, owner), root, path)
    yield from _walk_inside(schema, owner, root, path)


def _walk_inside(schema: Schema, owner: str, root: Schema, path: Path) -> Iterator[Place]:
    for name, inner in schema.get("properties", {}).items():
        yield from _walk(inner, root, (*path, name), owner)
    if "items" in schema:
        yield from _walk(schema["items"], root, (*path, 0), owner)
    for at, inner in enumerate(schema.get("prefixItems", ())):
        yield from _walk(inner, root, (*path, at), owner)


def _resolved(schema: Schema, root: Schema, owner: str) -> tuple[Schema, str]:
    while "$ref" in schema:
        owner = schema["$ref"].rsplit("/", 1)[1]
        schema = root["$defs"][owner]
    return schema, owner


def odd_values(place: Place, wire_type: str) -> list[Any]:
    """What may stand there, at its bounds and past them."""
    root = _SCHEMAS[wire_type]
    kinds = [_resolved(one, root, "")[0] for one in place.schema.get("anyOf", (place.schema,))]
    return [*(value for kind in kinds for value in _odd(kind, root)), *WRONG]


def _odd(schema: Schema, root: Schema) -> list[Any]:
    if "enum" in schema:
        return [*schema["enum"], "none of these"]
    match schema.get("type"):
        case "string":
            return _odd_texts(schema)
        case "integer":
            ends = [schema[name] for name in ("minimum", "maximum", "exclusiveMinimum") if name in schema]
            return [*WHOLE_NUMBERS, *ends, *(end - 1 for end in ends), *(end + 1 for end in ends)]
        case "array":
            return _odd_lists(schema, root)
        case "object" if "properties" not in schema:
            deep: Any = "x"
            for _ in range(200):
                deep = {"a": deep}
            many = {f"k{number}": "x" for number in range(2_000)}
            return [{"": ""}, {"\0": "\0"}, {NEVER_COMPRESSED: NEVER_COMPRESSED}, deep, many, {"a": 10**4_000}]
        case _:
            return []


def _odd_texts(schema: Schema) -> list[Any]:
    known = {"date": DAYS, "date-time": INSTANTS, "time": CLOCKS}.get(schema.get("format", ""))
    longest = schema.get("maxLength")
    ends = [] if longest is None else ["y" * longest, "ø" * longest, "y" * (longest + 1)]
    return [*(TEXTS if known is None else known), *ends]


def _odd_lists(schema: Schema, root: Schema) -> list[Any]:
    if "items" not in schema:
        return [[]]
    one, most = ordinary(schema["items"], root), schema.get("maxItems")
    ends = [] if most is None else [[one] * most, [one] * (most + 1)]
    return [[], [one], [one, one], [one] * 2_000, [None], *ends]


def ordinary(schema: Schema, root: Schema) -> Any:
    """A value that fits, for what an example leaves out."""
    schema, _ = _resolved(schema, root, "")
    if "anyOf" in schema:
        return ordinary(next(one for one in schema["anyOf"] if one.get("type") != "null"), root)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: ordinary(schema["properties"][name], root) for name in schema.get("required", ())}
    if kind == "array":
        return [ordinary(one, root) for one in schema.get("prefixItems", ())]
    return {"integer": 1, "boolean": False}.get(kind or "", _ordinary_text(schema))


def _ordinary_text(schema: Schema) -> str:
    by_format = {"date": "2021-04-15", "date-time": "2021-04-15T09:30:00Z", "time": "09:30:00"}
    by_pattern = {r"^\d{8}$": "62532416", r"^\d{4}-\d{2}$": "2021-04"}
    return by_format.get(schema.get("format", "")) or by_pattern.get(schema.get("pattern", "")) or "x"


def with_oddity(data: dict[str, Any], wire_type: str, place: Place, value: Any) -> dict[str, Any]:
    """A copy of `data` with this value at that place; what leads there is made where it is not."""
    root = _SCHEMAS[wire_type]
    whole = copy.deepcopy(data)
    here: Any = whole
    schema: Schema = root
    for step, following in zip(place.path[:-1], place.path[1:], strict=True):
        schema = _inner(schema, root, step)
        here = _step_into(here, step, ordinary(schema, root) if schema else {}, following)
    _put(here, place.path[-1], value)
    return whole


def _inner(schema: Schema, root: Schema, step: str | int) -> Schema:
    schema, _ = _resolved(schema, root, "")
    if "anyOf" in schema:
        schema, _ = _resolved(next(one for one in schema["anyOf"] if one.get("type") != "null"), root, "")
    if isinstance(step, str):
        found: Schema = schema["properties"][step]
    elif "items" in schema:
        found = schema["items"]
    else:
        found = schema["prefixItems"][step]
    return found


def _step_into(here: Any, step: str | int, made: Any, following: str | int) -> Any:
    if isinstance(step, int):
        if len(here) <= step:
            here.append(made)
        return here[step]
    if here.get(step) is None or (isinstance(following, int) and not here[step]):
        here[step] = made
    return here[step]


def _put(here: Any, step: str | int, value: Any) -> None:
    if isinstance(step, int):
        here[step : step + 1] = [] if value is AWAY else [value]
    elif value is AWAY:
        here.pop(step, None)
    else:
        here[step] = value


class Deck:
    """Deals the odd values of every place, each before any of them comes again.

    What stands in many types (a programme, a seller, a meeting) has one pile for all of them, so that a few values in
    each type are all values in the end.
    """

    def __init__(self, seed: str) -> None:
        self._draw = random.Random(seed)  # noqa: S311  (chance, not secrecy)
        self._piles: dict[tuple[str, str | int], list[Any]] = {}

    def deal(self, wire_type: str, data: dict[str, Any], *, own: int, shared: int) -> Iterator[dict[str, Any]]:
        """`data` with one value that is odd: `own` at each place of this type's own and at numbers, else `shared`."""
        for place in places(wire_type):
            every = own if place.owner == wire_type or place.counts else shared
            for value in self._values(place, wire_type, every):
                yield with_oddity(data, wire_type, place, value)

    def _values(self, place: Place, wire_type: str, count: int) -> Iterator[Any]:
        every = odd_values(place, wire_type)
        pile = self._piles.setdefault((place.owner, place.path[-1]), [])
        for _ in range(min(count, len(every))):
            if not pile:
                pile += self._draw.sample(every, len(every))
            yield pile.pop()


def as_json(event: dict[str, Any]) -> bytes:
    """What a producer without a conscience writes: half a surrogate pair, and a number of 5,000 digits."""
    return json.dumps(event).replace(json.dumps(_HUGE), "9" * 5_000).encode()
