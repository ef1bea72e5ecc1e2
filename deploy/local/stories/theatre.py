"""One installation on which story after story is played, each from nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from deploy.local.datadir import Ports
from deploy.local.errors import StackError
from deploy.local.stack import Addresses, Stack
from deploy.local.stories.checking import Checked
from deploy.local.stories.player import Notice, Played, Player, Telling, nothing, said
from deploy.local.stories.references import UnknownReferenceError, resolve
from deploy.local.stories.stage import Stage, token_names

SEED = 2020
_WITHOUT_RULES = {"invoicing": {"TOVHOLDER_EINVOICE_RULES": ""}}
"""The official rules of e-invoices take two seconds to read, and a story asks nothing of them."""


class NotEmptiedError(StackError):
    """The installation cannot begin anew after a story; no other can be played on it."""


class Theatre:
    """`async with Theatre(data_dir) as theatre: played = await theatre.play(checked)`; started by the first story."""

    def __init__(
        self, data_dir: Path, ports: Ports = "auto", on_step: Callable[[str], None] = lambda _step: None
    ) -> None:
        self._stack = Stack(
            data_dir, ports=ports, seed=SEED, made_by="demo", renewable=True, env=_WITHOUT_RULES, on_step=on_step
        )
        self.started = False
        """Whether there is an installation, on which something may have been played."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._stack.stop)

    async def play(self, checked: Checked, telling: Telling | None = None, notice: Notice = nothing) -> Played:
        """From empty databases, topics and mailboxes, whatever was played before."""
        addresses = await asyncio.to_thread(self._begin, checked)
        async with Stage(addresses, self._stack.kill_and_wait) as stage:
            return await Player(stage, checked, notice).play(telling)

    def _begin(self, checked: Checked) -> Addresses:
        names = token_names(callers(checked.story))
        if self.started:
            try:
                return self._stack.begin_again(checked.story.clock, names)
            except Exception as error:  # a server, a folder or a service: whichever it is, no story can follow
                raise NotEmptiedError(f"Installationen kunne ikke begynde forfra: {said(error)}") from error
        self._stack.simulated_start, self._stack.callers = checked.story.clock, names
        addresses = self._stack.start()
        self.started = True
        return addresses


def callers(owner: Any, names: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Everybody by whom something is done, as far as a story says so beforehand; the others ask as the installation."""
    for step in (*getattr(owner, "steps", ()), *getattr(owner, "together", ())):
        for turn in _turns(step.for_each or {}, names or {}):
            if step.by is not None:
                with suppress(UnknownReferenceError):
                    yield str(resolve(step.by, turn, {}))
            yield from callers(step, turn)


def _turns(loop: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is known in each turn of a loop whose list stands in the story."""
    listed = [(name, items) for name, items in loop.items() if name != "where" and isinstance(items, list)]
    if not listed:
        yield names
    for name, items in listed:
        yield from ({**names, name: item} for item in items)
