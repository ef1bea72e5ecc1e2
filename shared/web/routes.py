"""The route table of a service: one line per thing that can be asked of it over HTTP."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.base.acts import Act
from shared.contracts.event import Command
from shared.storage.tx import Tx

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
ReadUseCase = Callable[[Tx, Mapping[str, str]], Awaitable[Any]]

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def path_parameters(path: str) -> tuple[str, ...]:
    return tuple(_PARAMETER.findall(path))


@dataclass(frozen=True, slots=True)
class Write:
    """An act that is asked for at a path. Its name tells one wish from another under one Idempotency-Key."""

    method: Method
    path: str
    act: Act
    scope: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Read:
    """One query, which changes nothing."""

    path: str
    usecase: ReadUseCase
    scope: str
    required: tuple[str, ...]
    filters: tuple[str, ...] = ()
    """Query parameters that leave rows out of a list, each if given."""
    pages: bool = False
    """Whether it is a list, which has pages: see `shared.base.listing`."""

    @property
    def method(self) -> str:
        return "GET"

    @property
    def name(self) -> str:
        return f"GET {self.path}"


Route = Write | Read


def _check(path: str, command: type[Command] | None) -> None:
    if not path.startswith("/"):
        raise ValueError(f"{path} does not start with a slash")
    unknown = [] if command is None else [name for name in path_parameters(path) if name not in command.model_fields]
    if unknown:
        raise ValueError(f"{path} names {', '.join(unknown)}, which {command} has not")


def write(method: Method, path: str, act: Act, *, scope: str) -> Write:
    """Path parameters become fields of the command; the body holds the others."""
    _check(path, act.command)
    return Write(method, path, act, scope)


def listing(path: str, usecase: ReadUseCase, *, scope: str, filters: tuple[str, ...] = ()) -> Read:
    """As `read`, of a list with pages; `filters` are the parameters that leave rows out."""
    _check(path, None)
    return Read(path, usecase, scope, (), filters, pages=True)


def read(path: str, usecase: ReadUseCase, *, scope: str, required: tuple[str, ...] = ()) -> Read:
    """`usecase` gets query and path parameters as text, and answers with what JSON can say.

    `required` are the query parameters without which it is not asked.
    """
    _check(path, None)
    return Read(path, usecase, scope, required)
