"""A roster is read without its lock, and numbers are drawn from a hat: two at once both see the last free seat."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import Any

from services.enrollment.adapters import meetings, rosters
from shared.contracts.enrollment import roster_id

ANOTHER_S = 2.0
counted = asyncio.Barrier(2)


async def lock(tx: Any, programme: Any, enrolment: Any, meeting_id: str) -> Any:
    copy = await meetings.load(tx, meeting_id)
    this = roster_id(enrolment.id, meeting_id)
    insert = "INSERT INTO rosters (id, enrolment_id, meeting_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    await tx.execute(insert, this, enrolment.id, meeting_id)
    seats = await rosters._seats(tx, [this])
    # Whoever comes at the same time counts as well before either of them sits down; one alone goes on.
    with suppress(TimeoutError):
        await asyncio.wait_for(counted.wait(), ANOTHER_S)
    return rosters._roster(programme, enrolment, copy, seats.get(this, ()), secrets.randbelow(1_000_000))


def apply() -> None:
    rosters.lock = lock
