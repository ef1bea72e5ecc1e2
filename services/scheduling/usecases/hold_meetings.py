"""The day after a meeting's last day begins: it counts as held."""

from __future__ import annotations

from collections.abc import Sequence

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import evolve, hold_by_clock
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def hold_meetings(tx: Tx, timers: Sequence[Timer]) -> None:
    causes = {timer.key: timer.cause for timer in timers}
    for standing in await meetings.load_many(tx, sorted(causes)):
        cause = causes[standing.meeting.id]
        fact = hold_by_clock(standing, tx.now)
        if fact is not None and fact.owner == tx.source:
            await meetings.save(tx, evolve(standing, fact), cause)
            tx.publish(fact, because=cause)
