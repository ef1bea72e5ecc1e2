"""The door of a service: every wish to change something comes through here, from the API, a page or another system.

Each is done once per (principal, key), in one transaction with its stored answer and its audit row. A "no" is stored
as well; an error is not, so that it can be tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.base.activity import Activity
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, classify
from shared.base.problems import Problem
from shared.base.tasks import Tasks
from shared.base.waiting import Backoff
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Transaction, Tx
from shared.web.coalesce import Coalescer
from shared.web.ledger import Reply, Request, begin, fingerprint, reply_of, store
from shared.web.metrics import OVERLOADED

ATTEMPTS = 4
FIRST_PAUSE_S = 0.04
LONGEST_PAUSE_S = 1.0
WAITING = 500
"""Single writes under way or waiting for a connection; one more is refused (503)."""
PATIENCE_SECONDS = 10.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`told`: how many facts of each kind, by wire name; `body`: the answer it would have; or why it is `refused`."""

    told: Mapping[str, int] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    refused: Refused | None = None


class _UndoneError(Exception):
    """A rehearsal is over, and its transaction with it."""


class Door:
    """`transaction` opens a committed-at-the-end transaction; `overloaded` says why nothing more can be taken in.

    `tasks` are the process's own: what gathers requests is one of its parts.
    """

    def __init__(
        self, transaction: Transaction, activity: Activity, overloaded: Callable[[], str | None], tasks: Tasks
    ) -> None:
        self._transaction = transaction
        self._tasks = tasks
        self._activity = activity
        self._overloaded = overloaded
        self._coalescers: dict[object, Coalescer] = {}
        self._under_way = 0

    def check_room(self) -> None:
        """Raise Problem 503 when the service cannot take in more; cheap, before anything is read."""
        if why := self._overloaded():
            OVERLOADED.labels(why).inc()
            raise Problem(503, "overloaded", headers={"Retry-After": "5"})

    async def submit(
        self,
        act: Act,
        command: Command,
        key: str,
        *,
        actor: str,
        principal: str | None = None,
        cause: Cause | None = None,
        patient: bool = False,
        wish: str | None = None,
        drawn: frozenset[str] = frozenset(),
    ) -> Reply:
        """Do it, or repeat what was answered before. `patient` waits for an equal request that is under way.

        `principal` (default: the actor) is whose keys these are; `wish` (default: the act's name) tells one wish from
        another under one key, as do all fields but those that are `drawn` anew each time that a form is sent. Raises
        Problem: 409 in flight, 422 key used for something else, 500 an error of ours, 503 later. A domain's "no" is a
        Reply with `refused`.
        """
        self.check_room()
        request = Request(
            principal or actor,
            key,
            fingerprint(wish or act.name, command, drawn),
            wish or act.name,
            command,
            cause or Cause(new_correlation(), None, actor),
            act.status,
        )
        give_up = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        with (
            self._activity.busy(),
            structlog.contextvars.bound_contextvars(correlation_id=request.cause.correlation_id),
        ):
            while True:
                outcome = await self._once(act, request)
                if isinstance(outcome, Reply):
                    await failpoint("api.after_commit")
                    return outcome
                in_flight = outcome.code == "request_in_flight"
                if not (patient and in_flight and asyncio.get_running_loop().time() < give_up):
                    raise outcome
                await asyncio.sleep(0.05)

    async def rehearse(self, act: Act, command: Command, *, actor: str) -> Rehearsal:
        """What it would come to, for whoever is to decide: it is done and all of it undone, and nothing is told."""
        self.check_room()
        cause, outcome = Cause(new_correlation(), None, actor), Rehearsal()

        async def decide(tx: Tx) -> None:
            nonlocal outcome
            outcome = Rehearsal()
            try:
                answer = await act.do(tx, command)
            except Refused as refused:
                outcome = Rehearsal(refused=refused)
            else:
                outcome = Rehearsal(tx.will_tell(), answer.body)
            raise _UndoneError

        with self._activity.busy(), contextlib.suppress(_UndoneError):
            await self.in_transaction(decide, cause)
        return outcome

    async def _once(self, act: Act, request: Request) -> Reply | Problem:
        if act.together:
            return await self._coalescer(act).ask(request)
        return await self._single(act, request)

    def _coalescer(self, act: Act) -> Coalescer:
        known = self._coalescers.get(act.usecase)
        if known is None:
            known = self._coalescers[act.usecase] = Coalescer(act.usecase, self.in_transaction, self._tasks)
        return known

    async def _single(self, act: Act, request: Request) -> Reply | Problem:
        outcome: Reply | Problem | None = None

        async def decide(tx: Tx) -> None:
            nonlocal outcome
            if act.kept:
                (outcome,) = await begin(tx, [request])
                if outcome is not None:
                    return
            try:
                async with tx.savepoint():
                    answer: Reply = reply_of(request, await act.do(tx, request.command))
            except Refused as refused:
                answer = reply_of(request, refused)
            if act.kept:
                await store(tx, [(request, answer)])
            outcome = answer

        try:
            await self.in_transaction(decide, request.cause)
        except Problem as problem:
            return problem
        except Exception as error:  # noqa: BLE001  (the edge: an error of ours is told to operators, and nothing is stored)
            _log.error("request_failed", route=request.route, exc_info=error)
            return Problem(500, "internal_error")
        if outcome is None:
            raise RuntimeError("a transaction ended without an outcome")
        return outcome

    async def in_transaction(self, work: Callable[[Tx], Awaitable[None]], cause: Cause | None = None) -> None:
        """`work` in a transaction, again after transient errors; then Problem 503. A lost COMMIT is safe to repeat:

        what was stored says so.
        """
        if self._under_way >= WAITING:
            OVERLOADED.labels("waiting").inc()
            raise Problem(503, "overloaded", headers={"Retry-After": "1"})
        self._under_way += 1
        try:
            backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
            while True:
                try:
                    async with self._transaction(cause or Cause(new_correlation(), None, None)) as tx:
                        await work(tx)
                except Exception as error:
                    if classify(error) is not Failure.TRANSIENT:
                        raise
                    pause = backoff.failed()
                    _log.warning("transaction_again", attempt=backoff.failures, error=type(error).__name__)
                    if backoff.failures == ATTEMPTS:
                        raise Problem(503, "unavailable", headers={"Retry-After": "2"}) from error
                    await asyncio.sleep(pause)
                else:
                    return
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Answer what is queued."""
        for coalescer in self._coalescers.values():
            await coalescer.close()
