"""Whether a path can lead anywhere in a fact's data, by its model. Pure.

A shape is a model, a list, a mapping or a plain value; `Any` may hold anything, and what lies in it is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from deploy.local.stories.matching import is_comparison
from deploy.local.stories.references import has_reference, is_lookup

Shapes = tuple[Any, ...]
"""What may stand in one place; none when nothing can."""


class Astray(NamedTuple):
    """A path that can lead nowhere, the part at which it goes wrong, and the fields that are there."""

    path: str
    part: str
    fields: tuple[str, ...]


def astray(shapes: Shapes, said: Any) -> Iterator[Astray]:
    """Each path in what is said of a value that can lead nowhere."""
    if isinstance(said, list):
        for one in said:
            yield from astray(_items(shapes), one)
    elif is_comparison(said):
        yield from astray(_items(shapes), said.get("contains"))
        yield from astray(shapes, said.get("not"))
        choices = said.get("one_of")
        for one in choices if isinstance(choices, list) else ():
            yield from astray(shapes, one)
    elif isinstance(said, dict) and not is_lookup(said):
        for path, inner in said.items():
            if not has_reference(path):
                yield from _on_the_way(shapes, path, inner)


def _on_the_way(shapes: Shapes, path: str, said: Any) -> Iterator[Astray]:
    here = shapes
    for part in path.split("."):
        there = tuple(one for shape in here for one in _inside(shape, part))
        if not there:
            yield Astray(path, part, tuple(name for shape in here for name in _fields(shape)))
            return
        here = there
    yield from astray(here, said)


def of(annotation: Any) -> Shapes:
    """The shapes that a value of this type may have; null is none."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(shape for one in get_args(annotation) if one is not NoneType for shape in of(one))
    return (annotation,)


def _inside(shape: Any, part: str) -> Shapes:
    if shape is Any:
        return (Any,)
    origin, inner = get_origin(shape), get_args(shape)
    if origin is dict:
        return of(inner[1])
    if _is_list(shape):
        return _items((shape,)) if part == "*" or part.isdecimal() else ()
    return of(shape.model_fields[part].annotation) if part in _fields(shape) else ()


def _items(shapes: Shapes) -> Shapes:
    found = [Any for shape in shapes if shape is Any]
    listed = [one for shape in shapes if _is_list(shape) for one in get_args(shape)]
    return (*found, *(shape for one in listed if one is not Ellipsis for shape in of(one)))


def _fields(shape: Any) -> tuple[str, ...]:
    return tuple(shape.model_fields) if isinstance(shape, type) and issubclass(shape, BaseModel) else ()


def _is_list(shape: Any) -> bool:
    origin = get_origin(shape)
    return origin is tuple or origin is list
