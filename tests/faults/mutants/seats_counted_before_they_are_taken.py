"""A roster is read without its lock, and numbers are drawn from a hat: two at once both see the last free seat."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from services.enrollment.adapters import meetings, rosters
from shared.contracts.enrollment import roster_id


async def lock(tx: Any, programme: Any, enrolment: Any, meeting_id: str) -> Any:
    copy = await meetings.load(tx, meeting_id)
    this = roster_id(enrolment.id, meeting_id)
    insert = "INSERT INTO rosters (id, enrolment_id, meeting_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
    await tx.execute(insert, this, enrolment.id, meeting_id)
    seats = await rosters._seats(tx, [this])
    # Long enough for the others to count as well.
    await asyncio.sleep(0.3)
    return rosters._roster(programme, enrolment, copy, seats.get(this, ()), secrets.randbelow(1_000_000))


def apply() -> None:
    rosters.lock = lock
