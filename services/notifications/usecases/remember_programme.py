"""ProgrammePublished and ProgrammeChanged → the reminder days, and reminders that were armed without knowing them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from services.notifications.adapters import meetings, programmes
from services.notifications.domain.reminders import newest, reminders_to_set
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.set_reminders import set_reminders
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ProgrammeFact
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

P = TypeVar("P", bound=ProgrammeFact)


async def remember_programme(tx: Tx, events: Sequence[Received[P]]) -> None:
    for turn in in_turns(events, lambda event: event.data.programme.id):
        causes = {event.data.programme.id: event.cause for event in turn}
        await programmes.lock(tx, (event.data.programme for event in turn))
        known = await programmes.load_terms_versions(tx, causes)
        await programmes.save_terms(tx, newest((event.data.terms for event in turn), known))
        for event in turn:
            await _set_reminders(tx, event.data.programme.id, event.uid, "", event.cause, tx.now)


async def set_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    """The reminders that found no room in the transaction before."""
    await programmes.lock_known(tx, {timer.data["programme_id"] for timer in timers})
    for timer in timers:
        told = timer.data
        await _set_reminders(tx, told["programme_id"], told["fact"], told["place"], timer.cause, timer.due)


async def _set_reminders(tx: Tx, programme_id: str, fact: str, place: str, cause: Cause, due: datetime) -> None:
    """Of as many of its meetings as the transaction has room for."""
    found = await meetings.load_dated(tx, programme_id, place, tx.room + 1)
    now = found[: tx.room]
    tx.take_on(len(now))
    await set_reminders(tx, [(standing, tx.now, cause) for standing in now])
    if len(found) > len(now):
        tx.set(reminders_to_set(programme_id, fact, now[-1].meeting.id if now else place, due), because=cause)
