"""A form that staff have not settled waits as long as anything can come of it. Then it ends, its link says why, and
whoever confirmed it is told. All go by their age alone (`adapters.forgetting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from services.enrollment.adapters import enrolments, meetings, organisations, programmes, sign_ups
from services.enrollment.domain.ended_forms import Around, comes_to_nothing, end, is_too_late
from services.enrollment.domain.sign_up import SignUp, forgetting_void, look_again
from shared.base.cause import Cause
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def forget_sign_ups(tx: Tx, timers: Sequence[Timer]) -> None:
    """It is time to look at them again. One that waits no more is left alone from now on."""
    causes = {timer.key: timer.cause for timer in timers}
    waiting = await sign_ups.lock_many(tx, causes)
    gone = await _end_void(tx, waiting, causes)
    for one in waiting:
        if one.id not in gone:
            tx.set(look_again(one, tx.now), because=causes[one.id])


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
        await _end_void(tx, waiting, {one.id: timer.cause for one in waiting})
        if not tx.room:
            tx.set(rest(waiting[-1].number), because=timer.cause)


async def _end_void(tx: Tx, waiting: Sequence[SignUp], causes: dict[str, Cause]) -> set[str]:
    """The ids of those that wait no more: they end, or are gone where what they signed up for is over."""
    known = await programmes.load_many(tx, {one.command.programme_id for one in waiting})
    last_days = {one: await meetings.load_last_day(tx, one) for one in sorted(known)}
    around = Around(
        known,
        await organisations.load_many(tx, [one.organisation_code for one in waiting]),
        await enrolments.load_many(tx, [one.enrolment_id for one in waiting]),
        await sign_ups.load_told_of_end(tx, [one.mailbox for one in waiting]),
    )
    late = {
        one.id
        for one in waiting
        if is_too_late(known.get(one.command.programme_id), last_days.get(one.command.programme_id), tx.now)
    }
    ending = []
    for one in waiting:
        if one.id not in late:
            why = comes_to_nothing(one, known[one.command.programme_id], around.standing.get(one.enrolment_id))
            ending += [(one, why)] if why else []

    decided = end(ending, around, tx.now)

    await sign_ups.mark(tx, [one.after for one in decided])
    for outcome in decided:
        tx.tell(outcome, because=causes[outcome.after.id])
    await sign_ups.forget(tx, late)
    return late | {one.after.id for one in decided}
