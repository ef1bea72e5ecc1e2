"""Many requests, one transaction: what arrives together is decided together, and each of them fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from shared.base.acts import UseCase
from shared.base.answers import Asked
from shared.base.failures import Failure, classify
from shared.base.problems import Problem
from shared.base.tasks import Tasks
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx
from shared.web.ledger import Reply, Request, begin, reply_of, store
from shared.web.metrics import COALESCED

InTransaction = Callable[[Callable[[Tx], Awaitable[None]]], Awaitable[None]]

COLLECT_SECONDS = 0.005
"""How long the first one waits for others, where others came with the one before: nobody waits for who never comes."""
COLLECT_REQUESTS = 100
CAPACITY = 1000
"""Requests that may wait; one more is refused at once (503)."""

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Waiting:
    request: Request
    answered: asyncio.Future[Reply | Problem]
    outcome: Reply | Problem | None = None
    same: list[_Waiting] = field(default_factory=list)
    """Equal requests (same key, same body) of this batch: they share the outcome."""

    def settle(self, outcome: Reply | Problem) -> None:
        for waiting in (self, *self.same):
            if not waiting.answered.done():
                waiting.answered.set_result(outcome)


class Coalescer:
    """One queue and one transaction at a time for one use case.

    `in_transaction` opens a transaction, repeats it on transient errors, and raises Problem 503 when that is no help.
    """

    def __init__(self, usecase: UseCase, in_transaction: InTransaction, tasks: Tasks) -> None:
        self._usecase = usecase
        self._in_transaction = in_transaction
        self._tasks = tasks
        self._name = f"coalescer {getattr(usecase, '__name__', '')}".rstrip()
        self._queue: list[_Waiting] = []
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._in_hand: list[_Waiting] = []
        self._running = False
        self._closing = False
        """Nobody is let in any more: it is being closed, or its task is gone."""

    async def ask(self, request: Request) -> Reply | Problem:
        """The outcome, once it is committed. A caller that goes away does not undo what it asked for."""
        if self._closing or len(self._queue) >= CAPACITY:
            return Problem(503, "overloaded", headers={"Retry-After": "1"})
        if not self._running:
            self._running = True
            self._tasks.start(self._name, self._run)
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._some.set()
        if len(self._queue) >= COLLECT_REQUESTS:
            self._enough.set()
        return await waiting.answered

    async def close(self) -> None:
        """Answer all that wait, then stop."""
        self._closing = True
        self._some.set()
        self._enough.set()
        await self._tasks.stop(self._name)

    async def _run(self, _stop: asyncio.Event) -> None:
        try:
            await self._work()
        finally:
            self._closing = True
            for waiting in (*self._in_hand, *self._queue):
                waiting.settle(Problem(503, "unavailable", headers={"Retry-After": "2"}))

    async def _work(self) -> None:
        company = False
        while True:
            await self._some.wait()
            if not self._queue and self._closing:
                return
            if company and len(self._queue) < COLLECT_REQUESTS and not self._closing:
                with suppress(TimeoutError):
                    async with asyncio.timeout(COLLECT_SECONDS):
                        await self._enough.wait()
            self._in_hand = batch = self._queue[:COLLECT_REQUESTS]
            self._queue = self._queue[COLLECT_REQUESTS:]
            if not self._queue and not self._closing:
                self._some.clear()
            if len(self._queue) < COLLECT_REQUESTS and not self._closing:
                self._enough.clear()
            company = len(batch) > 1
            if batch:
                COALESCED.observe(len(batch))
                try:
                    await self._settle(batch)
                except Exception as error:  # noqa: BLE001  (those who wait get an answer, and the next batch its turn)
                    for waiting in batch:
                        waiting.settle(_broken(waiting.request, error))

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        first: dict[tuple[str, str], _Waiting] = {}
        for waiting in batch:
            leader = first.setdefault((waiting.request.principal, waiting.request.key), waiting)
            if leader is waiting:
                continue
            if leader.request.fingerprint == waiting.request.fingerprint:
                leader.same.append(waiting)
            else:
                waiting.settle(Problem(422, "idempotency_key_reused"))
        await self._commit(list(first.values()))

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        async def decide(tx: Tx) -> None:
            for waiting, known in zip(batch, await begin(tx, [waiting.request for waiting in batch]), strict=True):
                waiting.outcome = known
            todo = [waiting for waiting in batch if waiting.outcome is None]
            if todo:
                await self._decide(tx, todo)
            await store(
                tx,
                [(waiting.request, waiting.outcome) for waiting in todo if isinstance(waiting.outcome, Reply)],
            )

        try:
            await self._in_transaction(decide)
        except Problem as problem:
            for waiting in batch:
                waiting.settle(problem)
        except Exception as error:  # noqa: BLE001  (found only at COMMIT: whose fault it was shows when they go by halves)
            if len(batch) == 1:
                batch[0].settle(_broken(batch[0].request, error))
                return
            half = len(batch) // 2
            await self._commit(batch[:half])
            await self._commit(batch[half:])
        else:
            for waiting in batch:
                waiting.settle(waiting.outcome or Problem(500, "internal_error"))

    async def _decide(self, tx: Tx, batch: Sequence[_Waiting]) -> None:
        """All at once; if that fails by halves, until the one that cannot be done stands alone."""
        try:
            async with tx.savepoint():
                asked = [Asked(waiting.request.command, waiting.request.cause) for waiting in batch]
                outcomes = await self._usecase(tx, asked)
                settled = list(zip(batch, outcomes, strict=True))
        except Refused as refused:
            if len(batch) > 1:
                await self._halves(tx, batch)
                return
            settled = [(batch[0], refused)]
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            if len(batch) > 1:
                await self._halves(tx, batch)
                return
            batch[0].outcome = _broken(batch[0].request, error)
            return
        for waiting, outcome in settled:
            waiting.outcome = reply_of(waiting.request, outcome)

    async def _halves(self, tx: Tx, batch: Sequence[_Waiting]) -> None:
        half = len(batch) // 2
        await self._decide(tx, batch[:half])
        await self._decide(tx, batch[half:])


def _broken(request: Request, error: BaseException) -> Problem:
    _log.error("request_failed", route=request.route, correlation_id=request.cause.correlation_id, exc_info=error)
    return Problem(500, "internal_error")
