"""Is it alive, is it ready, and why not: for supervisors, load balancers and people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.base.failures import Failure, classify
from shared.base.tasks import Tasks
from shared.base.waiting import Backoff, first_of
from shared.runtime.metrics import READY

ASK_SECONDS = 2.0
OUTBOX_TOO_OLD_SECONDS = 60.0
"""Machine time; when the oldest unsent event is older, nothing more is taken in (503)."""
LOOK_SECONDS = 1.0
LONGEST_LOOK_SECONDS = 10.0
"""While the database is away."""

Reason = str | None


class Health:
    """`checks` are asked by /readyz; each answers None or a reason in English, and a part that is gone is one.
    `notes` are told with it, and are no reason to turn anybody away. /livez asks nobody.

    /readyz says which service answers: whoever started it must not take another program on the port for it.
    """

    def __init__(self, service: str, tasks: Tasks) -> None:
        self.service = service
        self._tasks = tasks
        self.checks: dict[str, Callable[[], Awaitable[Reason]]] = {}
        self.notes: dict[str, Callable[[], Reason]] = {}
        self.stopping = False

    async def reasons(self) -> list[str]:
        if self.stopping:
            return ["stopping"]
        names = list(self.checks)
        answers = await asyncio.gather(*(self._ask(name) for name in names))
        lost = [f"parts: {name}: {why}" for name, why in sorted(self._tasks.lost.items())]
        return [*lost, *(f"{name}: {answer}" for name, answer in zip(names, answers, strict=True) if answer)]

    async def _ask(self, name: str) -> Reason:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self.checks[name]()
        except TimeoutError:
            return "no answer"
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, it is not ready)
            return type(error).__name__

    def routes(self) -> list[Route]:
        async def livez(_request: Request) -> Response:
            return Response("alive\n", media_type="text/plain")

        async def readyz(_request: Request) -> Response:
            reasons = await self.reasons()
            READY.set(not reasons)
            notes = [f"{name}: {note}" for name, told in self.notes.items() if (note := told())]
            body: dict[str, Any] = {"service": self.service, "ready": not reasons, "reasons": reasons}
            if notes:
                body["notes"] = notes
            return Response(
                to_json(body),
                status_code=503 if reasons else 200,
                media_type="application/json",
                headers={"Cache-Control": "no-store"},
            )

        async def metrics(_request: Request) -> Response:
            return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

        return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]


async def kafka_answers(bootstrap: str) -> Reason:
    """One of the bootstrap servers takes a connection."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            continue
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return None
    return "unreachable"


class OutboxWatch:
    """How old the oldest unsent event is; asked once a second, because every write wants to know."""

    def __init__(self, pool: asyncpg.Pool, *, too_old: float = OUTBOX_TOO_OLD_SECONDS) -> None:
        self._pool = pool
        self._too_old = too_old
        self.age = 0.0

    def overloaded(self) -> str | None:
        return "outbox" if self.age > self._too_old else None

    async def look(self) -> None:
        self.age = await self._pool.fetchval(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8"
            # What waits behind a dead record waits for a person; it is no reason to turn everybody away.
            " FROM (SELECT created_at FROM outbox o WHERE NOT EXISTS"
            " (SELECT 1 FROM outbox_dead d WHERE d.key = o.key AND d.topic = o.topic) ORDER BY id LIMIT 1) AS oldest"
        )

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff(LOOK_SECONDS, LONGEST_LOOK_SECONDS)
        while not stop.is_set():
            pause = LOOK_SECONDS
            try:
                await self.look()
                backoff.succeeded()
            except Exception as error:
                # Without the database nothing can be taken in anyway, and readiness says so.
                if classify(error) is not Failure.TRANSIENT:
                    raise
                pause = backoff.failed()
            await first_of(stop, seconds=pause)
