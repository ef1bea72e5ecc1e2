"""ProgrammePublished and ProgrammeChanged → the reminder days, and reminders that were armed without knowing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.adapters import meetings, programmes
from services.notifications.domain.reminders import newest
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.set_reminders import set_reminders
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ProgrammeFact
from shared.storage.tx import Tx

P = TypeVar("P", bound=ProgrammeFact)


async def remember_programme(tx: Tx, events: Sequence[Received[P]]) -> None:
    for turn in in_turns(events, lambda event: event.data.programme.id):
        causes = {event.data.programme.id: event.cause for event in turn}
        await programmes.lock(tx, (event.data.programme for event in turn))
        known = await programmes.load_terms_versions(tx, causes)
        await programmes.save_terms(tx, newest((event.data.terms for event in turn), known))
        dated = await meetings.load_dated(tx, causes)
        await set_reminders(tx, [(one, tx.now, causes[one.programme.id]) for one in dated.values()])
