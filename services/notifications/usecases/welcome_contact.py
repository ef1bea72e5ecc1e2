"""TovholderAppointed → both contacts are told, and the new one gets the meetings that were in the former's calendar."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import enrolments, programmes
from services.notifications.domain import letters
from services.notifications.domain.enrolment import appoints_another, former_of, path_of
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
            before, fact = known.get(event.data.enrolment_id), event.data
            path, former = path_of(before, fact), former_of(before, fact)
            if appoints_another(before, fact):
                written.append((letters.contact_appointed(fact, path, event.time), event.cause))
            if former is not None:
                written.append((letters.contact_left(fact, former, path, event.time), event.cause))
        await write_letters(tx, written)
        await follow_enrolments(tx, turn)
