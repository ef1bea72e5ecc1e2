"""TovholderAppointed → the new contact is told, and gets the meetings that were in the former one's calendar."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import enrolments, programmes
from services.notifications.domain import letters
from services.notifications.domain.enrolment import appoints_another
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import TovholderAppointed
from shared.storage.tx import Tx


async def welcome_contact(tx: Tx, events: Sequence[Received[TovholderAppointed]]) -> None:
    """Whoever is the contact already is not told so."""
    for turn in in_turns(events, lambda event: event.data.enrolment_id):
        await programmes.lock(tx, (event.data.programme for event in turn))
        known = await enrolments.load(tx, {event.data.enrolment_id for event in turn})
        written = []
        for event in turn:
            before = known.get(event.data.enrolment_id)
            if appoints_another(before, event.data):
                path = before.participants_path if before else None
                written.append((letters.contact_appointed(event.data, path, event.time), event.cause))
        await write_letters(tx, written)
        await follow_enrolments(tx, turn)
