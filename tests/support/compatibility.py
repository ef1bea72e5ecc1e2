"""What would break a reader or a producer when a schema changes: the rules that a test and its own test share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_NOT_TYPES = ("title", "description", "default", "examples", "$id", "$schema", "$defs")

Schema = dict[str, Any]
Bounds = Sequence[Schema]

_PRINTABLE = r"^[^\u0000-\u0008\u000e-\u001f\u007f-\u009f]*$"
_BIGINT = 2**63 - 1

FACT_BOUNDS: Bounds = (
    # A number that is larger was refused by every column it could have gone to.
    {"minimum": -_BIGINT - 1, "maximum": _BIGINT},
    {"maximum": _BIGINT},
    # The SEQUENCE of a calendar's object: no column and no calendar holds a larger one.
    {"minimum": -(2**31), "maximum": 2**31 - 1},
    # A price of ten thousand billion kroner.
    {"maximum": 10**15},
    # The moms of an option, before anybody read that it was ordered.
    {"minimum": 0, "maximum": 100},
    # The id of a programme: a longer one has no room in the index of owners, and the reader halted on it; so it did on
    # NUL, which no text in PostgreSQL holds.
    {"maxLength": 255, "pattern": r"^[^\x00]*$"},
    # A meeting in year 1 or 9999: there is no day before, or after, and whoever reckoned with it halted.
    {"formatMinimum": "0002-01-01", "formatMaximum": "9998-12-31"},
)
"""What was added to facts after they were released, each reviewed: nothing that was ever told exceeds it.

Instants are read as UTC when they have no zone, and lie in the years of the last one; a schema does not show that.
"""

DOOR_BOUNDS: Bounds = (
    *({"maxLength": most, "pattern": _PRINTABLE} for most in (200, 320, 2_000, 20_000)),
    {"maxLength": 2_000},
    {"formatMinimum": "2000-01-01", "formatMaximum": "2099-12-31"},
    {"formatMinimum": "2000-01-01T00:00:00Z", "formatMaximum": "2099-12-31T00:00:00Z"},
    {"minimum": -(10**12), "maximum": 10**12},
    {"maxItems": 10},
    {"maxItems": 1_000},
    {"maxProperties": 100, "propertyNames": {"maxLength": 200}},
)
"""What was added to commands after they were released, each reviewed: whoever asks for more is told so, by field."""


def breaking_changes(old: Schema, new: Schema, bounds: Bounds = ()) -> list[str]:
    """Every way in which data written under `old` could be misread under `new`, in words; empty = compatible.

    Fields may be added when they are not required; nothing may be removed, renamed, narrowed or given another type.
    One of `bounds` may be added where `old` has none of its words.
    """
    return _Comparison(old, new, bounds).compare(old, new, "data")


class _Comparison:
    def __init__(self, old_root: Schema, new_root: Schema, bounds: Bounds) -> None:
        self._old_root, self._new_root, self._bounds = old_root, new_root, bounds

    def compare(self, old: Schema, new: Schema, path: str) -> list[str]:
        old, new = _resolve(old, self._old_root), _resolve(new, self._new_root)
        if not new or new is True:
            return []
        if "properties" in old:
            return self._object(old, new, path)
        for variants in ("anyOf", "oneOf"):
            if variants in old:
                return self._variants(old[variants], new.get(variants), path)
        for inner, name in (("items", f"{path}[]"), ("additionalProperties", f"{path}.*")):
            if isinstance(old.get(inner), dict) and old.get("type") == new.get("type"):
                around_old, around_new = (
                    {key: value for key, value in one.items() if key != inner} for one in (old, new)
                )
                return self.compare(old[inner], new.get(inner, {}), name) + self._plain(around_old, around_new, path)
        return self._plain(old, new, path)

    def _plain(self, old: Schema, new: Schema, path: str) -> list[str]:
        if "enum" in old and "enum" in new:
            gone = [value for value in old["enum"] if value not in new["enum"]]
            return [f"{path}: no longer accepts {gone}"] if gone else []
        bare_old = {key: value for key, value in old.items() if key not in _NOT_TYPES}
        bare_new = {key: value for key, value in new.items() if key not in _NOT_TYPES}
        if bare_old == {key: value for key, value in bare_new.items() if key in bare_old}:
            added = {key: value for key, value in bare_new.items() if key not in bare_old}
            if not added or added in self._bounds:
                return []
        return [f"{path}: was {bare_old}, is {bare_new}"]

    def _object(self, old: Schema, new: Schema, path: str) -> list[str]:
        found: list[str] = []
        new_properties = new.get("properties", {})
        for name, schema in old["properties"].items():
            if name in new_properties:
                found += self.compare(schema, new_properties[name], f"{path}.{name}")
            else:
                found.append(f"{path}.{name}: removed or renamed")
        found += [
            f"{path}.{name}: became required" for name in new.get("required", []) if name not in old.get("required", [])
        ]
        found += [
            f"{path}.{name}: no longer required, so older readers may miss it"
            for name in old.get("required", [])
            if name in new_properties and name not in new.get("required", [])
        ]
        return found

    def _variants(self, old: list[Schema], new: list[Schema] | None, path: str) -> list[str]:
        if new is None:
            return [f"{path}: no longer a choice"]
        return [
            f"{path}: variant {index} is no longer accepted"
            for index, variant in enumerate(old)
            if all(self.compare(variant, other, path) for other in new)
        ]


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = root["$defs"][name]
    return schema
