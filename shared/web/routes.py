"""The route table of a service: one line per thing that can be asked of it over HTTP."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.base.acts import Act
from shared.contracts.event import Command
from shared.storage.tx import Tx
from shared.web.scopes import of_command, of_path, service_of

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

    @property
    def scope(self) -> str:
        return of_command(self.act.command, service_of(self.path))

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Read:
    """One query, which changes nothing."""

    path: str
    usecase: ReadUseCase
    required: tuple[str, ...]
    opens: Act | None = None
    """What whoever gets the answer can do with it; None = it only shows."""
    filters: tuple[str, ...] = ()
    """Query parameters that leave rows out of a list, each if given."""
    pages: bool = False
    """Whether it is a list, which has pages: see `shared.base.listing`."""
    unfolded: str = ""
    """A list within each row, whose entries are the rows of the table that people open (`shared.web.exports`)."""

    @property
    def scope(self) -> str:
        return of_path(self.path) if self.opens is None else of_command(self.opens.command, service_of(self.path))

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


def write(method: Method, path: str, act: Act) -> Write:
    """Path parameters become fields of the command; the body holds the others."""
    _check(path, act.command)
    return Write(method, path, act)


def listing(path: str, usecase: ReadUseCase, *, filters: tuple[str, ...] = (), unfolded: str = "") -> Read:
    """As `read`, of a list with pages; `filters` are the parameters that leave rows out."""
    _check(path, None)
    return Read(path, usecase, (), None, filters, pages=True, unfolded=unfolded)


def read(path: str, usecase: ReadUseCase, *, required: tuple[str, ...] = (), opens: Act | None = None) -> Read:
    """`usecase` gets query and path parameters as text, and answers with what JSON can say.

    `required` are the query parameters without which it is not asked. Whoever may ask is a token with the scope of the
    path, or of the act that the answer `opens`.
    """
    _check(path, None)
    return Read(path, usecase, required, opens)
