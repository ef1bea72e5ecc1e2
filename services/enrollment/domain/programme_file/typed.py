"""What a form that was sent says: the whole file, with what somebody typed. What nobody touched stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.enrollment.domain.programme_file.fields import Field, Part
from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.kinds import Kind
from services.enrollment.domain.programme_file.places import sections, value_at
from services.enrollment.domain.programme_file.shape import model_at

_DANISH_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")

_DANISH_AMOUNT = re.compile(r"(\d{1,3}(?:\.\d{3})*|\d+)(?:,(\d{2}))?(?: ?kr\.?)?")


def said_by(part: Part, data: Mapping[str, Any], typed: Mapping[str, list[str]]) -> dict[str, Any]:
    """The whole file, as it is when the form of that part was sent with this typed. What was not sent stays."""
    made: dict[str, Any] = copied(data)
    for one in part.all_fields():
        if one.name not in typed and one.kind != "checkboxes":
            continue
        said = typed.get(one.name, [])
        if _same(one, said):
            continue
        _put(made, one.path, _read(one, said))
    return made


def with_entries(data: Mapping[str, Any], path: Path, act: str, number: int) -> dict[str, Any]:
    """A list in which one entry went `op`, `ned` or away (`fjern`)."""
    made: dict[str, Any] = copied(data)
    entries = value_at(made, path)
    if not isinstance(entries, list) or not 0 <= number < len(entries):
        return made
    other = number - 1 if act == "op" else number + 1
    if act == "fjern":
        del entries[number]
        if not entries:
            _put(made, path, None)
    elif act in {"op", "ned"} and 0 <= other < len(entries):
        entries[number], entries[other] = entries[other], entries[number]
    return made


def with_part(data: Mapping[str, Any], path: Path, *, there: bool) -> dict[str, Any]:
    """The file with an optional part, as it begins, or without."""
    made: dict[str, Any] = copied(data)
    _put(made, path, {} if there else None)
    return made


def _same(one: Field, said: list[str]) -> bool:
    if one.kind == "checkboxes":
        return [each for each in said if each] == [each for each in one.value.split("\n") if each]
    # A form trims what is typed; what the file has around a text is not changed by that.
    return (said[0] if said else "").strip() == one.value.strip()


def _read(one: Field, said: list[str]) -> Any:
    """As it stands in the file; None = it does not."""
    if one.kind == "checkboxes":
        return [each for each in said if each] or None
    text = (said[0] if said else "").strip()
    if not text:
        return None
    if one.kind in {"numbers", "lines"}:
        return [each.strip() for each in re.split(r"[,;\s]+" if one.kind == "numbers" else "\n", text) if each.strip()]
    return _as_written(one.kind, text)


def _as_written(kind: Kind, text: str) -> str:
    """As the file has it, whichever way somebody in Denmark types it."""
    if kind == "date" and (found := _DANISH_DAY.fullmatch(text)):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    if kind == "amount" and (found := _DANISH_AMOUNT.fullmatch(text)):
        # A full stop that divides thousands cannot be one that divides kroner from øre.
        return found[1].replace(".", "") + (f".{found[2]}" if found[2] else "")
    return text


def copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: copied(one) for name, one in value.items()}
    return [copied(one) for one in value] if isinstance(value, list) else value


def _within(data: dict[str, Any], path: Path) -> Any:
    """What stands there, made where nothing does."""
    here: Any = data
    for number, step in enumerate(path):
        following: Any = [] if number + 1 < len(path) and isinstance(path[number + 1], int) else {}
        if number + 1 == len(path):
            following = [] if model_at(path) is None else {}
        if isinstance(step, int):
            if not isinstance(here, list) or step > len(here):
                return None
            if step == len(here):
                here.append(following)
            here = here[step]
        else:
            if not isinstance(here.get(step), dict | list):
                here[step] = following
            here = here[step]
    return here


def _put(data: dict[str, Any], path: Path, value: Any) -> None:
    """None takes it away, and with it what is left of a group that it was all of."""
    if value is not None:
        around = _within(data, path[:-1])
        if isinstance(around, dict):
            around[str(path[-1])] = value
        return
    around = value_at(data, path[:-1])
    if not isinstance(around, dict):
        return
    around.pop(path[-1], None)
    own = {one.path for one in sections()}
    if not around and path[:-1] and path[:-1] not in own and not isinstance(path[-2], int):
        _put(data, path[:-1], None)
