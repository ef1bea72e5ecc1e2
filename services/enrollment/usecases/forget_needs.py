"""What people needed at a meeting is counted and forgotten: so many days after it, or at once where it is off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.enrollment.adapters import meetings, needs, programmes
from services.enrollment.domain.meeting_copy import MeetingCopy, is_ahead
from services.enrollment.domain.needs import alarms, asked_at, counted, forgetting, is_forgotten, kept_from
from services.enrollment.domain.programme import Programme
from shared.base.cause import Cause
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

_COUNTED = "counted"


async def forget_needs(tx: Tx, timers: Sequence[Timer]) -> None:
    """Of each as many people as the transaction has room for; a meeting that is later by now is looked at then.

    What teams have said goes when none of their meetings is left to wait for; until then the next one's timer is set.
    """
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
        if _COUNTED not in timer.data:
            await _count(tx, offered[copy.programme_id], copy)
        tx.take_on(await needs.forget(tx, meeting_id, tx.room))
        if tx.room:
            await _forget_teams(tx, copy.programme_id, timer.cause)
        if not tx.room:
            tx.set(rest, because=timer.cause)


async def follow_needs(tx: Tx, meeting_ids: Sequence[str]) -> None:
    """These meetings have got a date, have moved, or are off. One whose day is ahead again is counted anew."""
    kept = await needs.load_kept(tx, meeting_ids)
    known = await meetings.load_many(tx, meeting_ids)
    await needs.remove_counts(tx, [one for one, copy in known.items() if copy.meeting.when and is_ahead(copy, tx.now)])
    for meeting_id, keep_days in kept.items():
        tx.set(forgetting(known[meeting_id], keep_days, tx.now))


async def _count(tx: Tx, programme: Programme, copy: MeetingCopy) -> None:
    """Once, if anybody has said anything of just this meeting; of all of their team's, if this one had a day."""
    meeting_id = copy.meeting.id
    before = await needs.load_counted(tx, [meeting_id])
    if copy.state == "cancelled" or is_forgotten(copy, tx.now, counted=meeting_id in before):
        return
    people = await needs.count_people(tx, meeting_id)
    if people["answered"] > (people["by_team"] if copy.meeting.when is None else 0):
        term = asked_at(programme, copy.meeting, guests=people["guests"])
        await needs.save_counts(tx, meeting_id, counted(term, people, await needs.count_chosen(tx, meeting_id)))


async def _forget_teams(tx: Tx, programme_id: str, because: Cause) -> None:
    keep_days = await needs.load_kept_of_teams(tx, programme_id)
    if keep_days is None:
        return
    tx.take_on(await needs.forget_of_teams(tx, programme_id, kept_from(day_of(tx.now), keep_days), tx.room))
    if tx.room and await needs.load_kept_of_teams(tx, programme_id) is not None:
        known = await meetings.load_of_programme(tx, programme_id)
        kept = await needs.load_kept(tx, (one.meeting.id for one in known))
        for alarm in alarms(known, kept, tx.now)[:1]:
            tx.set(alarm, because=because)
