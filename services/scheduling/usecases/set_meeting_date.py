"""A meeting gets its date, or another one."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import Wanted, clock_time, evolve, set_date
from services.scheduling.usecases.read_meetings import lock, shown
from shared.base.answers import Answer
from shared.contracts.scheduling import SetMeetingDate
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def set_meeting_date(tx: Tx, command: SetMeetingDate) -> Answer:
    wanted = Wanted(
        day=command.day,
        last_day=command.last_day,
        starts=clock_time(command.starts, "starts"),
        ends=clock_time(command.ends, "ends"),
        place=command.place,
        link=command.link,
    )
    standing = await lock(tx, command.meeting_id)
    fact = set_date(standing, wanted, day_of(tx.now))
    if fact is not None:
        standing = evolve(standing, fact)
        await meetings.save(tx, standing, tx.cause)
        tx.publish(fact)
    return Answer(shown(standing))
