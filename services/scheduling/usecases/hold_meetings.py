"""The day after a meeting's last day begins: it counts as held."""

from __future__ import annotations

from collections.abc import Sequence

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import hold_by_clock
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def hold_meetings(tx: Tx, timers: Sequence[Timer]) -> None:
    causes = {timer.key: timer.cause for timer in timers}
    for standing in await meetings.lock_many(tx, sorted(causes)):
        cause = causes[standing.meeting.id]
        decided = hold_by_clock(standing, tx.now, tx.source)
        if decided.after != standing:
            await meetings.save(tx, decided.after, cause)
        tx.tell(decided, because=cause)
