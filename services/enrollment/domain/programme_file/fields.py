"""Forms made from the format: what can be written at a place of a programme file.

A form shows what stands in the file and nothing else: a blank field is one that the file does not have, and what holds
then is said beside it. So whatever nobody touched stays as it is written (`typed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.format import MonthOrDay
from services.enrollment.domain.programme_file.kinds import Kind, entry_of, is_part, kind_of, type_at
from services.enrollment.domain.programme_file.places import about_in, one_of, sections, title_in, title_of, value_at
from services.enrollment.domain.programme_file.shape import field_types, model_at
from services.enrollment.domain.programme_file.words import label, value_word
from shared.contracts.danish import clock


@dataclass(frozen=True, slots=True)
class Field:
    """`value` is as it stands in the file; `holds` what holds while it is blank, in words."""

    path: Path
    label: str
    kind: Kind
    value: str
    hint: str = ""
    holds: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Group:
    """Fields of a part inside the part; with none of them filled in the part is not there."""

    title: str
    hint: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Below:
    """A list, or a part, that has a page of its own."""

    path: Path
    title: str
    count: int | None

    @property
    def where(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Part:
    """A place with fields. `there`: whether the file has it; `may_go`: whether it may be left out."""

    path: Path
    title: str
    there: bool
    may_go: bool
    fields: tuple[Field, ...] = ()
    groups: tuple[Group, ...] = ()
    below: tuple[Below, ...] = ()

    def all_fields(self) -> Iterator[Field]:
        yield from self.fields
        for group in self.groups:
            yield from group.fields


@dataclass(frozen=True, slots=True)
class Row:
    path: Path
    title: str
    about: str

    @property
    def where(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Entries:
    """A list of parts."""

    path: Path
    title: str
    one: str
    rows: tuple[Row, ...] = field(default=())


def order_of(path: Path) -> list[str]:
    """The fields of what stands at a place, as the format has them."""
    model = model_at(path)
    return list(field_types(model)) if model else []


def shown(data: Mapping[str, Any], path: Path) -> Part | Entries | None:
    """What a page about this place has on it; None when the file has nothing there, and nothing can be put there."""
    there = value_at(data, path)
    model = model_at(path)
    if model is None:
        entry = entry_of(type_at(path))
        return None if entry is None else Entries(path, title_of(path), one_of(path), tuple(_rows(path, there)))
    if path and isinstance(path[-1], int):
        around = value_at(data, path[:-1])
        if path[-1] > (len(around) if isinstance(around, list) else 0):
            return None
    return _part(data, path, model, there)


def _part(data: Mapping[str, Any], path: Path, model: type[BaseModel], there: Any) -> Part:
    own = {one.path for one in sections()}
    fields: list[Field] = []
    groups: list[Group] = []
    below: list[Below] = []
    for alias, info, kind in _model_fields(model):
        here: Path = (*path, alias)
        stands = there.get(alias) if isinstance(there, Mapping) else None
        if is_part(kind) and here not in own:
            inside = tuple(_group_fields(data, here, kind, info))
            groups.append(Group(label(model.__name__, alias), info.description or "", inside))
            below += _lists_of(kind, here, stands)
        elif is_part(kind) or entry_of(kind) is not None:
            if path or here not in own:
                count = len(stands) if isinstance(stands, list) else None if is_part(kind) else 0
                below.append(Below(here, title_of(here), count))
        else:
            fields.append(_field(data, here, model, alias, info, kind, stands))
    may_go = bool(path) and (isinstance(path[-1], int) or _may_be_blank(path))
    return Part(path, _own_title(path, there), there is not None, may_go, tuple(fields), tuple(groups), tuple(below))


def _own_title(path: Path, there: Any) -> str:
    if path and isinstance(path[-1], int):
        return (title_in(there) or f"Nyt {one_of(path[:-1])}") if there is not None else _new(path[:-1])
    return title_of(path)


def _new(path: Path) -> str:
    one = one_of(path)
    neuter = {"tilkøb", "møde", "spor", "skridt", "spørgsmål", "medlem", "svar"}
    return f"{'Nyt' if one in neuter else 'Ny'} {one}"


def _may_be_blank(path: Path) -> bool:
    around = model_at(path[:-1])
    if around is None:
        return False
    return not next(info for alias, info, _ in _model_fields(around) if alias == path[-1]).is_required()


def _model_fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, Any]]:
    kinds = field_types(model)
    for name, info in model.model_fields.items():
        alias = info.alias or name
        yield alias, info, kinds[alias]


def _group_fields(data: Mapping[str, Any], path: Path, model: type[BaseModel], around: FieldInfo) -> Iterator[Field]:
    there = value_at(data, path)
    for alias, info, kind in _model_fields(model):
        stands = there.get(alias) if isinstance(there, Mapping) else None
        if entry_of(kind) is None:
            made = _field(data, (*path, alias), model, alias, info, kind, stands)
            yield made if around.is_required() else _not_required(made)
        elif is_part(kind):
            yield from _group_fields(data, (*path, alias), kind, info)


def _not_required(one: Field) -> Field:
    return Field(one.path, one.label, one.kind, one.value, one.hint, one.holds, required=False, choices=one.choices)


def _lists_of(model: type[BaseModel], path: Path, there: Any) -> Iterator[Below]:
    for alias, _, kind in _model_fields(model):
        stands = there.get(alias) if isinstance(there, Mapping) else None
        if not is_part(kind) and entry_of(kind) is not None and isinstance(there, Mapping):
            count = len(stands) if isinstance(stands, list) else 0
            below = f"{title_of(path)}: {label(model.__name__, alias).lower()}"
            yield Below((*path, alias), below, count)


def _field(
    data: Mapping[str, Any], path: Path, model: type[BaseModel], alias: str, info: FieldInfo, kind: Any, stands: Any
) -> Field:
    part = model.__name__
    shown_as, choices = kind_of(part, alias, kind)
    references = _references(data, path, alias)
    if references and shown_as == "line":
        known = [one for one, _ in references]
        stray = [(stands, f"{stands} (findes ikke)")] if isinstance(stands, str) and stands not in known else []
        shown_as, choices = "select", (*references, *stray)
    elif shown_as == "select" and isinstance(stands, str) and stands not in dict(choices):
        choices = (*choices, (stands, f"{stands} (kan ikke bruges)"))
    return Field(
        path=path,
        label=label(part, alias),
        kind=shown_as,
        value=_as_typed(shown_as, stands),
        hint=_hint(info, shown_as),
        holds=_default(part, alias, info),
        required=info.is_required(),
        choices=choices,
    )


_PLACES: Mapping[str, tuple[str, str]] = {
    "option": ("options", "id"),
    "group": ("groups", "id"),
    "meeting": ("meetings", "key"),
    "track": ("tracks", "id"),
}


def _references(data: Mapping[str, Any], path: Path, alias: str) -> tuple[tuple[str, str], ...]:
    """What a field that points at something else of the file can point at."""
    if alias == "kind" and path[0] in {"meetings", "tracks"}:
        where, key = "meeting_kinds", "key"
    elif alias == "field" and path[-2:] == ("when", "field"):
        number = path[-3]
        form = value_at(data, path[:-3])
        earlier = form[:number] if isinstance(form, list) and isinstance(number, int) else []
        return tuple(_named(earlier, "id"))
    elif alias == "phase":
        tracks = value_at(data, ("tracks",))
        phases = [one.get("phases") for one in tracks if isinstance(one, Mapping)] if isinstance(tracks, list) else []
        return tuple(pair for one in phases if isinstance(one, list) for pair in _named(one, "id"))
    elif alias == "chosen" and path[0] == "readings":
        possible = value_at(data, (*path[:-1], "possible"))
        return tuple(_named(possible if isinstance(possible, list) else [], "id"))
    elif alias in _PLACES:
        where, key = _PLACES[alias]
    else:
        return ()
    entries = data.get(where)
    return tuple(_named(entries if isinstance(entries, list) else [], key))


def _named(entries: Sequence[Any], key: str) -> Iterator[tuple[str, str]]:
    for one in entries:
        if isinstance(one, Mapping) and isinstance(one.get(key), str):
            yield one[key], title_in(one) or one[key]


def _hint(info: FieldInfo, kind: Kind) -> str:
    said = info.description or ""
    how = {
        "month": "Skriv år og måned, fx 2027-03, eller hele datoen." if info.annotation is MonthOrDay else "",
        "numbers": "Tal med komma imellem.",
        "lines": "Ét på hver linje.",
        "amount": "Kroner uden moms." if "kroner" not in said else "",
        "clock": "Fx 9.30.",
    }.get(kind, "")
    text = said[:1].upper() + said[1:]
    return " ".join(filter(None, (text + ("." if text and text[-1] not in ".;" else ""), how)))


def _default(part: str, alias: str, info: FieldInfo) -> str:
    value = None if info.is_required() or info.default_factory else info.default
    if value is None or isinstance(value, BaseModel) or value == ():
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "Ja" if value else "Nej"
    return value_word(part, alias, clock(value) if isinstance(value, time) else str(value))


def _as_typed(kind: Kind, stands: Any) -> str:
    if stands is None or isinstance(stands, Mapping):
        return ""
    if isinstance(stands, list):
        joint = {"numbers": ", ", "lines": "\n", "checkboxes": "\n"}.get(kind, ", ")
        return joint.join(str(one) for one in stands if not isinstance(one, Mapping | list) and one is not None)
    return str(stands)


def _rows(path: Path, entries: Any) -> Iterator[Row]:
    for number, one in enumerate(entries if isinstance(entries, list) else ()):
        yield Row((*path, number), title_in(one) or f"Nr. {number + 1}", about_in(path, one))
