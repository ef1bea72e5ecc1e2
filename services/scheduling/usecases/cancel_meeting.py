"""A meeting is called off."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import cancel, require_ours
from services.scheduling.usecases.read_meetings import shown
from shared.base.answers import Answer
from shared.contracts.scheduling import CancelMeeting
from shared.storage.tx import Tx


async def cancel_meeting(tx: Tx, command: CancelMeeting) -> Answer:
    standing = require_ours(await meetings.lock(tx, command.meeting_id), tx.source)

    decided = cancel(standing, command.reason)

    if decided.after != standing:
        await meetings.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(shown(decided.after))
