"""`/_clock`: how a rehearsal moves domain time on, and sees whether all is quiet before it does."""

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
from shared.web.api import answered
from shared.web.bodies import need_media_type, read_body

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

    async def answer(self, request: Request, _correlation_id: str) -> Response:
        wait = _seconds(request.query_params.get("wait", "0"))
        if request.method == "POST":
            need_media_type(request, "application/json")
            try:
                move = _Move.model_validate_json(await read_body(request))
            except ValidationError as error:
                raise Problem(422, "validation_failed", errors=field_errors(error)) from None
            await self._move(move)
        state = to_json(await self._at_rest(wait))
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

    async def _state(self) -> dict[str, Any]:
        host = self._host
        busy = host.activity.under_way
        due, outbox, pending = None, 0, 0
        if not busy:
            # Whoever is busy is asked again anyway; the database has better things to do meanwhile.
            row = await host.pool.fetchrow("SELECT min(due), (SELECT count(*) FROM outbox) FROM timers")
            due, outbox = row or (None, 0)
            pending = sum([await worker.pending() for worker in host.workers])
        return {
            "service": host.service.name,
            "now": host.clock.now(),
            "generation": host.clock.generation,
            "next_due": due,
            "busy": busy,
            "done": host.activity.done,
            "outbox": outbox,
            "pending": pending,
            "failing": host.timers.failing,
        }


def clock_route(host: Host) -> Route:
    """GET tells the state, POST moves the clock and tells it.

    With `wait=SECONDS` the answer comes when nothing is going on here, or when the seconds are over: whoever waits for
    quiet would else ask again and again.
    """
    answers = _Clock(host)

    async def clock(request: Request) -> Response:
        return await answered(request, answers.answer)

    return Route("/_clock", clock, methods=["GET", "POST"])


def _going_on(state: dict[str, Any]) -> bool:
    due = state["next_due"]
    return bool(state["busy"] or state["outbox"] or state["pending"] or (due is not None and due <= state["now"]))


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        raise Problem(422, "validation_failed", "`wait` er et antal sekunder.") from None
