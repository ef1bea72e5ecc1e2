"""What people needed at a meeting is counted and forgotten: so many days after it, or at once where it is off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.enrollment.adapters import meetings, needs, programmes
from services.enrollment.domain.needs import asked_at, counted, forgetting
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

_COUNTED = "counted"


async def forget_needs(tx: Tx, timers: Sequence[Timer]) -> None:
    """Of each as many people as the transaction has room for; a meeting that is later by now is looked at then."""
    rung = {timer.key: timer for timer in timers}
    known = await meetings.lock_many(tx, rung)
    kept = await needs.load_kept(tx, known)
    offered = await programmes.load_many(tx, (known[one].programme_id for one in kept))
    for meeting_id, keep_days in kept.items():
        copy, timer = known[meeting_id], rung[meeting_id]
        alarm = forgetting(copy, keep_days, tx.now)
        if alarm.due is not None and alarm.due > tx.now:
            tx.set(alarm, because=timer.cause)
            continue
        rest = replace(alarm, due=tx.now, data={_COUNTED: True})
        if not tx.room:
            tx.set(replace(rest, data=timer.data), because=timer.cause)
            continue
        if copy.state != "cancelled" and _COUNTED not in timer.data:
            term = asked_at(offered[copy.programme_id], copy.meeting)
            people = await needs.count_people(tx, meeting_id)
            await needs.save_counts(tx, meeting_id, counted(term, people, await needs.count_chosen(tx, meeting_id)))
        tx.take_on(await needs.forget(tx, meeting_id, tx.room))
        if not tx.room:
            tx.set(rest, because=timer.cause)


async def follow_needs(tx: Tx, meeting_ids: Sequence[str]) -> None:
    """These meetings have moved, or are off."""
    kept = await needs.load_kept(tx, meeting_ids)
    known = await meetings.load_many(tx, kept)
    for meeting_id, keep_days in kept.items():
        tx.set(forgetting(known[meeting_id], keep_days, tx.now))
