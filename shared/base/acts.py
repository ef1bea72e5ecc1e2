"""What a service can be asked to do, whichever door the wish comes in by: the API, a page, the intake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.base.answers import Answer, Asked
from shared.contracts.event import Command
from shared.contracts.refusal import Refused

C = TypeVar("C", bound=Command)

UseCase = Callable[[Any, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Act:
    """A command, the use case that carries it out, and the HTTP status of its "yes".

    `together`: the use case decides the commands of many requests in one transaction, each for itself, and has one
    outcome for each, in the same order. Else it carries out one command, and a "no" is raised.
    """

    command: type[Command]
    usecase: UseCase
    status: int
    together: bool
    also: tuple[int, ...] = ()
    """Other statuses that a "yes" may have, where nothing was made for instance."""
    kept: bool = True
    """Whether the answer is stored under the request's key. Not of what only asks: the same once more asks anew."""

    @property
    def name(self) -> str:
        """The command's wire name, or its class where it has none; stands in the audit."""
        return getattr(self.command, "type", self.command.__name__)

    async def do(self, tx: Any, command: Command) -> Answer:
        """One command in this transaction. A "no" is raised."""
        if not self.together:
            answer: Answer = await self.usecase(tx, command)
            return answer
        (outcome,) = await self.usecase(tx, [Asked(command, tx.cause)])
        if isinstance(outcome, Refused):
            raise outcome
        done: Answer = outcome
        return done


def act(
    command: type[C],
    usecase: Callable[[Any, C], Awaitable[Answer]],
    *,
    status: int = 200,
    also: tuple[int, ...] = (),
    kept: bool = True,
) -> Act:
    """One command, one transaction."""
    return Act(command, usecase, status, together=False, also=also, kept=kept)


def act_together(
    command: type[C],
    usecase: Callable[[Any, Sequence[Asked[C]]], Awaitable[Sequence[Answer | Refused]]],
    *,
    status: int = 200,
) -> Act:
    """Requests that arrive together share a transaction, and fail alone."""
    return Act(command, usecase, status, together=True)
