"""Everybody whose programme is called off is told, once; what they have ordered is off, and what their teams
need is forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, needs, organisations, programmes
from services.enrollment.domain.calling_off import calling_off, ending_of, tell
from services.enrollment.usecases.end_options import end_options
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def call_off_enrolments(tx: Tx, timers: Sequence[Timer]) -> None:
    """Of each programme as many as the transaction has room for; whoever is told is marked in the same one."""
    offered = await programmes.load_many(tx, (timer.key for timer in timers))
    for timer in timers:
        programme, ending = offered[timer.key], ending_of(timer.data)
        before = await enrolments.lock_to_call_off(tx, programme.id, tx.room)
        tx.take_on(len(before))
        book = await organisations.load_many(tx, [one.organisation.code for one in before])

        decided = [tell(one, programme, ending, book.get(one.organisation.code)) for one in before]

        await enrolments.mark_called_off(tx, [one.after.id for one in decided])
        await needs.remove_of_enrolments(tx, [one.after.id for one in decided])
        for one in decided:
            tx.tell(one, because=timer.cause)
        await end_options(tx, programme, before, timer.cause)
        if not tx.room:
            tx.set(calling_off(programme.id, ending, tx.now), because=timer.cause)
