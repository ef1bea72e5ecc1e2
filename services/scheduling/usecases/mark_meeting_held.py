"""Somebody says that a meeting took place, before the clock says so by itself."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import evolve, mark_held
from services.scheduling.usecases.read_meetings import lock, shown
from shared.base.answers import Answer
from shared.contracts.scheduling import MarkMeetingHeld
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def mark_meeting_held(tx: Tx, command: MarkMeetingHeld) -> Answer:
    standing = await lock(tx, command.meeting_id)
    fact = mark_held(standing, command.held_on, day_of(tx.now))
    if fact is not None:
        standing = evolve(standing, fact)
        await meetings.save(tx, standing, tx.cause)
        tx.publish(fact)
    return Answer(shown(standing))
