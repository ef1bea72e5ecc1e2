"""ProgrammePublished and ProgrammeChanged → the reminder days, and reminders that were armed without knowing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.adapters import meetings, programmes
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.remind_of_meeting import arm_reminders
from shared.contracts.enrollment import ProgrammeFact
from shared.messaging.envelope import Received
from shared.storage.tx import Tx

P = TypeVar("P", bound=ProgrammeFact)


async def remember_programme(tx: Tx, events: Sequence[Received[P]]) -> None:
    for turn in in_turns(events, lambda event: event.data.programme.id):
        await programmes.keep(tx, (event.data.programme for event in turn))
        await programmes.keep_terms(tx, [event.data.terms for event in turn])
        causes = {event.data.programme.id: event.cause for event in turn}
        dated = await meetings.of_programmes(tx, causes)
        await arm_reminders(tx, {one: (standing, causes[standing.programme.id]) for one, standing in dated.items()})
