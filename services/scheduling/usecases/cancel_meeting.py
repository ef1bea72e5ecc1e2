"""A meeting is called off."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import cancel, evolve
from services.scheduling.usecases.read_meetings import lock, shown
from shared.base.answers import Answer
from shared.contracts.scheduling import CancelMeeting
from shared.storage.tx import Tx


async def cancel_meeting(tx: Tx, command: CancelMeeting) -> Answer:
    standing = await lock(tx, command.meeting_id)
    fact = cancel(standing, command.reason)
    if fact is not None:
        standing = evolve(standing, fact)
        await meetings.save(tx, standing, tx.cause)
        tx.publish(fact)
    return Answer(shown(standing))
