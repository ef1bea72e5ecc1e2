"""The route table of a service: one line per thing that can be asked of it over HTTP."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from shared.base.answers import Answer, Asked
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

C = TypeVar("C", bound=Command)

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
WriteUseCase = Callable[[Tx, Any], Awaitable[Answer]]
WriteManyUseCase = Callable[[Tx, Sequence[Asked[Any]]], Awaitable[Sequence[Answer | Refused]]]
ReadUseCase = Callable[[Tx, Mapping[str, str]], Awaitable[Any]]

_PARAMETER = re.compile(r"\{([a-z_]+)\}")


def path_parameters(path: str) -> tuple[str, ...]:
    return tuple(_PARAMETER.findall(path))


@dataclass(frozen=True, slots=True)
class Write:
    """One command, one transaction."""

    method: Method
    path: str
    command: type[Command]
    usecase: WriteUseCase
    scope: str
    status: int

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class WriteMany:
    """Commands of many requests, decided together in one transaction."""

    method: Method
    path: str
    command: type[Command]
    usecase: WriteManyUseCase
    scope: str
    status: int

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

    @property
    def method(self) -> str:
        return "GET"

    @property
    def name(self) -> str:
        return f"GET {self.path}"


Route = Write | WriteMany | Read


def _check(path: str, command: type[Command] | None) -> None:
    if not path.startswith("/"):
        raise ValueError(f"{path} does not start with a slash")
    unknown = [] if command is None else [name for name in path_parameters(path) if name not in command.model_fields]
    if unknown:
        raise ValueError(f"{path} names {', '.join(unknown)}, which {command} has not")


def write(
    method: Method,
    path: str,
    command: type[C],
    usecase: Callable[[Tx, C], Awaitable[Answer]],
    *,
    scope: str,
    status: int = 200,
) -> Write:
    """Path parameters become fields of the command; the body holds the others."""
    _check(path, command)
    return Write(method, path, command, usecase, scope, status)


def write_many(
    method: Method,
    path: str,
    command: type[C],
    usecase: Callable[[Tx, Sequence[Asked[C]]], Awaitable[Sequence[Answer | Refused]]],
    *,
    scope: str,
    status: int = 200,
) -> WriteMany:
    """As `write`, for what many ask at once: requests that arrive together share a transaction, and fail alone."""
    _check(path, command)
    return WriteMany(method, path, command, usecase, scope, status)


def read(path: str, usecase: ReadUseCase, *, scope: str, required: tuple[str, ...] = ()) -> Read:
    """`usecase` gets query and path parameters as text, and answers with what JSON can say.

    `required` are the query parameters without which it is not asked.
    """
    _check(path, None)
    return Read(path, usecase, scope, required)
