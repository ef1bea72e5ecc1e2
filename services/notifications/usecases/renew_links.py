"""LinksRevoked → the contact is mailed the new links, and later mails lead by them alone; the calendar is closed."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes, subscriptions
from services.notifications.domain import letters
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import LinksRevoked
from shared.storage.tx import Tx


async def renew_links(tx: Tx, events: Sequence[Received[LinksRevoked]]) -> None:
    for turn in in_turns(events, lambda event: event.data.enrolment_id):
        await programmes.lock(tx, (event.data.programme for event in turn))
        await follow_enrolments(tx, turn)
        await subscriptions.close_of(
            tx,
            ["contact"],
            [(one.enrolment_id, one.contact.person_id, one.generation) for one in (e.data for e in turn)],
        )
        await write_letters(tx, [(letters.links_renewed(event.data, event.time), event.cause) for event in turn])
