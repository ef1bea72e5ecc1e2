"""`/_clock`: how a rehearsal moves domain time on, and sees whether all is quiet before it does; for staff's tokens."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.base.clock import ClockRefused
from shared.base.problems import Problem, field_errors
from shared.runtime.service import Host
from shared.storage.simulated_clock import save_clock
from shared.web.api import answered, bearer
from shared.web.bodies import need_media_type, read_body
from shared.web.scopes import STAFF

LONGEST_WAIT_S = 5.0
LOOK_S = 0.005
LONGEST_LOOK_S = 0.04


class _Move(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    now: AwareDatetime
    generation: int = Field(ge=1, lt=2**53)
    hold: bool = False


class _Clock:
    """One service's answers to whoever moves the clock."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._moving = asyncio.Lock()
        self._at_rest_then: dict[str, Any] | None = None
        """What was last found when nothing was under way."""

    async def answer(self, request: Request, correlation_id: str) -> Response:
        await bearer(request, self._host.keyring, STAFF, correlation_id)
        wait = _seconds(request.query_params.get("wait", "0"))
        known = _count(request.query_params.get("done"))
        if request.method == "POST":
            need_media_type(request, "application/json")
            try:
                move = _Move.model_validate_json(await read_body(request))
            except ValidationError as error:
                raise Problem(422, "validation_failed", errors=field_errors(error)) from None
            await self._move(move)
        state = to_json(self._unchanged(known) or await self._at_rest(wait))
        return Response(state, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _move(self, move: _Move) -> None:
        """Stored before it is made."""
        host = self._host
        async with self._moving:
            try:
                host.clock.check_move(move.now, move.generation)
            except ClockRefused as refused:
                raise Problem(409, "clock_refused", f"Uret kan ikke stilles: {refused}.") from None
            await save_clock(host.pool, move.now, move.generation)
            host.clock.move(move.now, move.generation, hold=move.hold)

    async def _at_rest(self, seconds: float) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + min(seconds, LONGEST_WAIT_S), LOOK_S
        while True:
            state = await self._state()
            if not _going_on(state) or loop.time() >= until:
                return state
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, LONGEST_LOOK_S)

    def _unchanged(self, known: int | None) -> dict[str, Any] | None:
        """What was found then, if nothing has been done since and no timer rings at the time it is now."""
        host, then = self._host, self._at_rest_then
        if known is None or then is None or host.activity.under_way or not known == then["done"] == host.activity.done:
            return None
        state = {**then, "now": host.clock.now(), "generation": host.clock.generation}
        return None if _going_on(state) else state

    async def _state(self) -> dict[str, Any]:
        host = self._host
        # Counted before the database is asked: what is done meanwhile shows in the next answer's count.
        busy, done = host.activity.under_way, host.activity.done
        due, outbox, pending = None, 0, 0
        if not busy:
            # Whoever is busy is asked again anyway; the database has better things to do meanwhile.
            row = await host.pool.fetchrow(
                "SELECT min(due), (SELECT count(*) FROM outbox) FROM timers WHERE timer = ANY ($1)", host.timers.names
            )
            due, outbox = row or (None, 0)
            pending = sum([await worker.pending() for worker in host.workers])
        state = {
            "service": host.service.name,
            "now": host.clock.now(),
            "generation": host.clock.generation,
            "next_due": due,
            "busy": busy,
            "done": done,
            "outbox": outbox,
            "pending": pending,
            "failing": host.timers.failing,
        }
        self._at_rest_then = None if _going_on(state) or host.activity.under_way else state
        return state


def clock_route(host: Host) -> Route:
    """GET tells the state, POST moves the clock and tells it.

    With `wait=SECONDS` the answer comes when nothing is going on here, or when the seconds are over: whoever waits for
    quiet would else ask again and again. With `done=COUNT`, what was found under that count is told again without a
    look into the database, if nothing has been done since: most answers in a simulation are that nothing has changed.
    """
    answers = _Clock(host)

    async def clock(request: Request) -> Response:
        return await answered(request, answers.answer)

    return Route("/_clock", clock, methods=["GET", "POST"])


def _going_on(state: dict[str, Any]) -> bool:
    due = state["next_due"]
    return bool(state["busy"] or state["outbox"] or state["pending"] or (due is not None and due <= state["now"]))


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal():
        raise Problem(422, "validation_failed", "`done` er et antal.")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        raise Problem(422, "validation_failed", "`wait` er et antal sekunder.") from None
