"""What a field of the format is: a part, a list of parts, or a value of some kind that a form can ask for."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import date, time
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.format import ProgrammeFile
from services.enrollment.domain.programme_file.shape import field_types, model_at
from services.enrollment.domain.programme_file.words import value_word

Kind = Literal["line", "text", "number", "amount", "date", "month", "clock", "select", "checkboxes", "numbers", "lines"]


def is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def entry_of(annotation: Any) -> Any:
    """What a list of parts has in it, or the part itself; None for anything else."""
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        return inner if is_part(inner) else None
    return annotation if is_part(annotation) else None


def inside(here: Any, step: str) -> Any:
    return field_types(here).get(step) if is_part(here) else None


def type_at(path: Path) -> Any:
    around = model_at(path[:-1]) if path else None
    return field_types(around).get(str(path[-1])) if around else None


def bare(annotation: Any) -> Any:
    """Without what bounds it, and without None."""
    if get_origin(annotation) in {Union, types.UnionType}:
        annotation = next(one for one in get_args(annotation) if one is not types.NoneType)
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    return annotation


def kind_of(part: str, alias: str, kind: Any) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    many = get_origin(kind) is tuple
    inner = bare(get_args(kind)[0] if many else kind)
    if get_origin(inner) is Literal:
        choices = tuple((one, value_word(part, alias, one)) for one in get_args(inner))
        return ("checkboxes" if many else "select"), choices
    if many:
        return ("numbers" if inner is int else "lines"), ()
    if inner is bool:
        return "select", (("true", "Ja"), ("false", "Nej"))
    return _SIMPLE.get(inner) or _kind_by_schema(_schema_of(part_model(part), alias)), ()


_SIMPLE: Mapping[Any, Kind] = {date: "date", time: "clock"}


def _kind_by_schema(schema: Mapping[str, Any]) -> Kind:
    kind = schema.get("type")
    if isinstance(kind, list) and "number" in kind:
        return "amount"
    if kind == "integer":
        return "number"
    if schema.get("maxLength") == _LONG:
        return "text"
    return "month" if "[0-9]{4}-" in str(schema.get("pattern", "")) else "line"


_LONG = 4000


@lru_cache(maxsize=128)
def part_model(part: str) -> type[BaseModel] | None:
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [ProgrammeFile]
    while waiting:
        here = waiting.pop()
        model = entry_of(here)
        if model is not None and model.__name__ not in found:
            found[model.__name__] = model
            waiting += field_types(model).values()
    return found.get(part)


@lru_cache(maxsize=512)
def _schema_of(model: type[BaseModel] | None, alias: str) -> Mapping[str, Any]:
    if model is None:
        return {}
    schema: dict[str, Any] = model.model_json_schema(by_alias=True, mode="validation")["properties"].get(alias, {})
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return {**schema, **one}
    return schema
