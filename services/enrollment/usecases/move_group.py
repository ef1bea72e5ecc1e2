"""Enrolments of a group that was merged follow it, as many at a time as a transaction has room for."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.merging import move, moving_on
from services.enrollment.domain.programme import Programme
from services.enrollment.usecases.empty_rosters import empty_rosters
from shared.base.cause import Cause
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def move_group(tx: Tx, programme: Programme, group: str, reason: str, because: Cause) -> int:
    """The programme is locked; how many have moved. Its people are moved by nobody: they leave the meetings to come."""
    before = await enrolments.lock_of_group(tx, programme.id, group, tx.room)
    tx.take_on(len(before))

    decided = [move(one, programme, reason) for one in before]

    await enrolments.save_many(tx, [(one.after, because) for one in decided])
    for one in decided:
        await empty_rosters(tx, programme, one.after, because)
        tx.tell(one, because=because)
    if not tx.room:
        tx.set(moving_on(programme, group, reason, tx.now), because=because)
    return len(decided)


async def move_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        programme = await programmes.lock(tx, timer.data["programme_id"])
        if programme is not None and programme.open:
            await move_group(tx, programme, timer.data["group"], timer.data["reason"], timer.cause)
