"""On the morning after: an organisation's main mailbox is told who has signed it up by a form, once for the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.notifications.adapters import confirmed, programmes
from services.notifications.domain import letters
from services.notifications.domain.confirmed import confirmed as of_a_form
from services.notifications.domain.confirmed import notice_of_day
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentWaitlisted, MunicipalityEnrolled
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def note_sign_ups(
    tx: Tx, events: Sequence[Received[MunicipalityEnrolled] | Received[EnrolmentWaitlisted]]
) -> None:
    """Those by a form, for the notice of the day: with a place, or on the waiting list."""
    by_form = [(note, event.cause) for event in events if (note := of_a_form(event.data, day_of(tx.now)))]
    await confirmed.insert_new(tx, [note for note, _ in by_form])
    for note, cause in by_form:
        tx.set(notice_of_day(note), because=cause)


async def tell_main_mailbox(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        day = date.fromisoformat(timer.data["day"])
        told = await confirmed.take(tx, timer.data["code"], day)
        if told:
            refs = await programmes.load_many(tx, {one.programme_id for one in told})
            await write_letters(tx, [(letters.sign_ups_confirmed(told, refs, day, tx.now), timer.cause)])
