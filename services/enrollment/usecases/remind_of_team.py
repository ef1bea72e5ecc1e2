"""The day has come on which a municipality is reminded of a standing team that is too small."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, links, meetings, programmes, teams
from services.enrollment.domain.programme import is_over
from services.enrollment.domain.team import remind
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_of_team(tx: Tx, timers: Sequence[Timer]) -> None:
    rung = {timer.key: timer for timer in timers}
    known = await enrolments.lock_many(tx, rung)
    offered = await programmes.load_many(tx, (one.programme_id for one in known.values()))
    for one in known.values():
        programme = offered[one.programme_id]
        over = is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now)
        team = await teams.lock(tx, programme, one)

        decided = remind(team, links.participants_path_of(tx.links, one), tx.now, over=over)

        tx.tell(decided, because=rung[one.id].cause)
