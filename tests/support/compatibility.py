"""What would break a reader or a producer when a schema changes: the rules that a test and its own test share."""

from __future__ import annotations

from typing import Any

_NOT_TYPES = ("title", "description", "default", "examples", "$id", "$schema", "$defs")


def breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Every way in which data written under `old` could be misread under `new`, in words; empty = compatible.

    Fields may be added when they are not required; nothing may be removed, renamed, narrowed or given another type.
    """
    return _compare(old, new, old, new, "data")


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = root["$defs"][name]
    return schema


def _compare(
    old: dict[str, Any], new: dict[str, Any], old_root: dict[str, Any], new_root: dict[str, Any], path: str
) -> list[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    if not new or new is True:
        return []
    if "properties" in old:
        return _compare_object(old, new, old_root, new_root, path)
    for variants in ("anyOf", "oneOf"):
        if variants in old:
            return _compare_variants(old[variants], new.get(variants), old_root, new_root, path)
    if "items" in old and old.get("type") == new.get("type"):
        return _compare(old["items"], new.get("items", {}), old_root, new_root, f"{path}[]")
    return _compare_plain(old, new, path)


def _compare_plain(old: dict[str, Any], new: dict[str, Any], path: str) -> list[str]:
    if "enum" in old and "enum" in new:
        gone = [value for value in old["enum"] if value not in new["enum"]]
        return [f"{path}: no longer accepts {gone}"] if gone else []
    bare_old = {key: value for key, value in old.items() if key not in _NOT_TYPES}
    bare_new = {key: value for key, value in new.items() if key not in _NOT_TYPES}
    return [f"{path}: was {bare_old}, is {bare_new}"] if bare_old != bare_new else []


def _compare_object(
    old: dict[str, Any], new: dict[str, Any], old_root: dict[str, Any], new_root: dict[str, Any], path: str
) -> list[str]:
    found: list[str] = []
    new_properties = new.get("properties", {})
    for name, schema in old["properties"].items():
        if name in new_properties:
            found += _compare(schema, new_properties[name], old_root, new_root, f"{path}.{name}")
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


def _compare_variants(
    old: list[dict[str, Any]],
    new: list[dict[str, Any]] | None,
    old_root: dict[str, Any],
    new_root: dict[str, Any],
    path: str,
) -> list[str]:
    if new is None:
        return [f"{path}: no longer a choice"]
    return [
        f"{path}: variant {index} is no longer accepted"
        for index, variant in enumerate(old)
        if all(_compare(variant, other, old_root, new_root, path) for other in new)
    ]
