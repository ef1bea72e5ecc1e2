"""A meeting or an enrolment has changed: the calendars that this may concern are looked at, a slice at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.notifications.adapters import invitations, programmes
from services.notifications.domain.looks import Look, alarm_of, left_over, look_of, newest
from services.notifications.usecases.update_calendars import Because, update_calendars
from shared.base.cause import Cause
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def look_at_calendars(tx: Tx, looks: Sequence[Look], causes: Mapping[str, Cause], due: datetime) -> None:
    """As many as the transaction has room for; a timer of `due` sees to the rest. `causes` by the looks' `fact`.

    The caller has stored what the facts say, and holds the lock of the programmes (`programmes.lock`).
    """
    wanted = newest(looks)
    found = await invitations.load_concerned(tx, wanted, tx.room + 1)
    taken = found[: tx.room]
    left = left_over(wanted, taken, complete=len(found) == len(taken))
    tx.take_on(len(taken))

    looked = {one.pair: Because(one.look.at, causes[one.look.fact], own=one.look.own) for one in taken}
    await update_calendars(tx, looked)
    for look in left:
        tx.set(alarm_of(look, due), because=causes[look.fact])


async def go_on_with_calendars(tx: Tx, timers: Sequence[Timer]) -> None:
    """What found no room before."""
    looks = [look_of(timer.data) for timer in timers]
    causes = {look.fact: timer.cause for look, timer in zip(looks, timers, strict=True)}
    await programmes.lock_of(
        tx,
        meeting_ids=[look.id for look in looks if look.subject == "meeting"],
        enrolment_ids=[look.id for look in looks if look.subject == "enrolment"],
    )
    await look_at_calendars(tx, looks, causes, timers[0].due)
