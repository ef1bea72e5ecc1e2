"""`/_clock`: how a rehearsal moves domain time on, and sees whether all is quiet before it does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json
from starlette.responses import Response
from starlette.routing import Route

from shared.runtime.api import answered
from shared.runtime.bodies import need_media_type, read_body
from shared.runtime.clock import ClockRefused, DomainClock
from shared.runtime.problems import Problem, field_errors
from shared.runtime.timers import next_due

if TYPE_CHECKING:
    import asyncpg
    from starlette.requests import Request

    from shared.runtime.service import Host


class _Move(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    now: AwareDatetime
    generation: int = Field(ge=1, lt=2**53)
    hold: bool = False


async def open_clock(pool: asyncpg.Pool, start: datetime | None) -> DomainClock:
    """The real clock, or the simulated one where it stood when the service stopped: it never goes back."""
    if start is None:
        return DomainClock()
    row = await pool.fetchrow("SELECT now, generation FROM simulated_clock")
    if row is None or row["now"] < start:
        return DomainClock(start.astimezone(UTC))
    return DomainClock(row["now"], row["generation"])


def clock_route(host: Host) -> Route:
    """GET tells the state, POST moves the clock; a move is stored before it is made."""
    moving = asyncio.Lock()

    async def state() -> dict[str, Any]:
        busy = host.activity.under_way
        due, outbox, pending = None, 0, 0
        if not busy:
            # Whoever is busy is asked again anyway; the database has better things to do meanwhile.
            async with host.pool.acquire() as connection:
                due = await next_due(connection)
                outbox = await connection.fetchval("SELECT count(*) FROM outbox")
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

    async def answer(request: Request, _correlation_id: str) -> Response:
        if request.method == "POST":
            need_media_type(request, "application/json")
            try:
                move = _Move.model_validate_json(await read_body(request))
            except ValidationError as error:
                raise Problem(422, "validation_failed", errors=field_errors(error)) from None
            async with moving:
                try:
                    host.clock.check_move(move.now, move.generation)
                except ClockRefused as refused:
                    raise Problem(409, "clock_refused", f"Uret kan ikke stilles: {refused}.") from None
                await host.pool.execute(
                    "INSERT INTO simulated_clock (now, generation) VALUES ($1, $2)"
                    " ON CONFLICT (singleton) DO UPDATE SET now = excluded.now, generation = excluded.generation",
                    move.now,
                    move.generation,
                )
                host.clock.move(move.now, move.generation, hold=move.hold)
        return Response(to_json(await state()), media_type="application/json", headers={"Cache-Control": "no-store"})

    async def clock(request: Request) -> Response:
        return await answered(request, answer)

    return Route("/_clock", clock, methods=["GET", "POST"])
