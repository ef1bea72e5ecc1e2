"""A programme is published, changed or cancelled: its meetings follow its file.

Of a file with very many meetings each transaction follows as many as it has room for; a timer sees to the rest at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import (
    Standing,
    call_off,
    drop,
    follow_plan,
    meetings_to_cancel,
    meetings_to_follow,
)
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.decision import Decision
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.programme import ProgrammeTerms
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

Change = tuple[Standing | None, Decision[Standing]]
"""How a meeting stood before, and what was decided."""


async def plan_meetings(tx: Tx, events: Sequence[Received[ProgrammePublished]]) -> None:
    for event in events:
        await _begin(tx, event.data.terms, event.cause)


async def change_meetings(tx: Tx, events: Sequence[Received[ProgrammeChanged]]) -> None:
    for event in events:
        await _begin(tx, event.data.terms, event.cause)


async def cancel_meetings(tx: Tx, events: Sequence[Received[ProgrammeCancelled]]) -> None:
    for event in events:
        if await meetings.save_frame(tx, event.data.terms, event.cause, cancelled=True):
            told = event.data
            # Only who says whether anything was held tells each organisation as well (EnrolmentCalledOff).
            by_letter = told.some_held is not None
            await _cancel(tx, told.programme.id, told.reason, event.time, event.cause, tx.now, by_letter=by_letter)


async def follow_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    """What a newer version of the file, or the end of the programme, has overtaken is left to that."""
    for timer in timers:
        terms = await meetings.lock_terms(tx, timer.data["programme_id"], timer.data["version"])
        if terms is not None:
            await _follow(tx, terms, timer.data["place"], timer.cause, timer.due)


async def cancel_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        # A version before this one did not write down when, nor told anybody by letter.
        told = timer.data
        at, by_letter = datetime.fromisoformat(told.get("at", timer.due.isoformat())), told.get("by_letter", False)
        await _cancel(tx, told["programme_id"], told["reason"], at, timer.cause, timer.due, by_letter=by_letter)


async def _begin(tx: Tx, terms: ProgrammeTerms, cause: Cause) -> None:
    news = await meetings.save_frame(tx, terms, cause, cancelled=False)
    if not news or terms.ref.meetings_owner != tx.source:
        return
    if not await _follow(tx, terms, 0, cause, tx.now):
        await meetings.save_terms(tx, terms)


async def _follow(tx: Tx, terms: ProgrammeTerms, place: int, cause: Cause, due: datetime) -> bool:
    """Whether all of it is done: the meetings of the file from `place` on, then those that it no longer names.

    These are cancelled; what was added beside the file stays.
    """
    said = terms.meetings[place : place + tx.room]
    tx.take_on(len(said))
    known = await meetings.lock_keys(tx, terms.ref.id, [one.key for one in said])
    changes: list[Change] = []
    for one in said:
        before = known.get(one.key)
        decided = follow_plan(before, terms.ref, one)
        changes.append((before, decided))
        known[one.key] = decided.after
    place += len(said)
    if place == len(terms.meetings):
        keys = [one.key for one in terms.meetings]
        dropped = await meetings.lock_dropped(tx, terms.ref.id, keys, tx.room + 1)
        changes += [(standing, drop(standing)) for standing in dropped[: tx.room]]
        done = len(dropped) <= tx.room
        tx.take_on(len(dropped))
    else:
        done = False
    await _carry_out(tx, changes, cause)
    if not done:
        tx.set(meetings_to_follow(terms.ref, place, due), because=cause)
    return done


async def _cancel(
    tx: Tx, programme_id: str, reason: str, at: datetime, cause: Cause, due: datetime, *, by_letter: bool
) -> None:
    standing = await meetings.lock_open(tx, programme_id, tx.room + 1)
    now = standing[: tx.room]
    tx.take_on(len(now))
    await _carry_out(tx, [(one, call_off(one, reason, at, by_letter=by_letter)) for one in now], cause)
    if len(standing) > len(now):
        tx.set(meetings_to_cancel(programme_id, reason, at, due, by_letter=by_letter), because=cause)


async def _carry_out(tx: Tx, changes: Sequence[Change], cause: Cause) -> None:
    await meetings.save_many(tx, [decided.after for before, decided in changes if decided.after != before], cause)
    for _, decided in changes:
        tx.tell(decided, because=cause)
