"""Where the simulated domain time stands, so that a restart does not turn it back."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.base.clock import DomainClock
from shared.storage.tx import Pool


async def open_clock(pool: Pool, start: datetime | None) -> DomainClock:
    """The real clock, or the simulated one where it stood when the service stopped: it never goes back."""
    if start is None:
        return DomainClock()
    row = await pool.fetchrow("SELECT now, generation FROM simulated_clock")
    if row is None or row["now"] < start:
        return DomainClock(start.astimezone(UTC))
    return DomainClock(row["now"], row["generation"])


async def save_clock(pool: Pool, now: datetime, generation: int) -> None:
    """Before the clock is moved: what people were told of must never be before what is stored."""
    await pool.execute(
        "INSERT INTO simulated_clock (now, generation) VALUES ($1, $2)"
        " ON CONFLICT (singleton) DO UPDATE SET now = excluded.now, generation = excluded.generation",
        now,
        generation,
    )
