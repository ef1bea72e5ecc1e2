"""A form that staff have not settled waits as long as anything can come of it. All others go by their age alone
(`adapters.forgetting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from services.enrollment.adapters import enrolments, meetings, programmes, sign_ups
from services.enrollment.domain.sign_up import SignUp, forgetting_void, is_void, look_again
from shared.base.cause import Cause
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def forget_sign_ups(tx: Tx, timers: Sequence[Timer]) -> None:
    """It is time to look at them again. One that waits no more is left alone from now on."""
    causes = {timer.key: timer.cause for timer in timers}
    waiting = await sign_ups.lock_many(tx, causes)
    gone = await _void(tx, waiting)
    for one in waiting:
        if one.id not in gone:
            tx.set(look_again(one, tx.now), because=causes[one.id])
    await sign_ups.forget(tx, gone)


async def look_for_void(tx: Tx, enrolment_ids: Sequence[tuple[str, Cause]]) -> None:
    """Whose organisation has its place from now on, or has said no. Where forms wait, they are looked at, at once."""
    causes = dict(enrolment_ids)
    for one in await sign_ups.load_waited_for(tx, causes):
        tx.set(forgetting_void(one, tx.now), because=causes[one])


async def forget_void_sign_ups(tx: Tx, timers: Sequence[Timer]) -> None:
    """Of each as many as the transaction has room for."""
    for timer in timers:
        rest = partial(forgetting_void, timer.key, timer.due)
        if not tx.room:
            tx.set(rest(timer.data["after"]), because=timer.cause)
            continue
        waiting = await sign_ups.lock_waiting_for(tx, timer.key, timer.data["after"], tx.room)
        tx.take_on(len(waiting))
        await sign_ups.forget(tx, await _void(tx, waiting))
        if not tx.room:
            tx.set(rest(waiting[-1].number), because=timer.cause)


async def _void(tx: Tx, waiting: Sequence[SignUp]) -> set[str]:
    standing = await enrolments.load_many(tx, [one.enrolment_id for one in waiting])
    gone = set()
    for programme_id in sorted({one.command.programme_id for one in waiting}):
        programme = await programmes.load(tx, programme_id)
        last_day = await meetings.load_last_day(tx, programme_id)
        gone |= {
            one.id
            for one in waiting
            if one.command.programme_id == programme_id
            and (programme is None or is_void(one, programme, standing.get(one.enrolment_id), last_day, tx.now))
        }
    return gone
