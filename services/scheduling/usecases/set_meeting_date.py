"""A meeting gets its date, or another one."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import date_fields, require_ours, set_date, wanted
from services.scheduling.usecases.read_meetings import shown
from shared.base.answers import Answer
from shared.contracts.scheduling import SetMeetingDate
from shared.contracts.seen import require_seen
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def set_meeting_date(tx: Tx, command: SetMeetingDate) -> Answer:
    asked = wanted(command)
    standing = require_ours(await meetings.lock(tx, command.meeting_id), tx.source)
    require_seen(date_fields(standing), command.seen)

    decided = set_date(standing, asked, day_of(tx.now))

    if decided.after != standing:
        await meetings.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({**shown(decided.after), "was": date_fields(standing)})
