"""Somebody says that a meeting took place, before the clock says so by itself."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import mark_held, require_ours
from services.scheduling.usecases.read_meetings import shown
from shared.base.answers import Answer
from shared.contracts.scheduling import MarkMeetingHeld
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def mark_meeting_held(tx: Tx, command: MarkMeetingHeld) -> Answer:
    standing = require_ours(await meetings.lock(tx, command.meeting_id), tx.source)

    decided = mark_held(standing, command.held_on, day_of(tx.now))

    if decided.after != standing:
        await meetings.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(shown(decided.after))
