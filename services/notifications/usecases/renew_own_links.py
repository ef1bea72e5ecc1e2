"""OwnLinksRevoked → whoever it is about is mailed the new links, and later mails lead by them alone. Calendars are
closed.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import participants, programmes, subscriptions, team_members
from services.notifications.domain import letters
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.base.passes import Role
from shared.contracts.enrollment import OwnLinksRevoked
from shared.storage.tx import Tx

_ROLES: Sequence[Role] = ("participant", "mailbox", "secretary")


async def renew_own_links(tx: Tx, events: Sequence[Received[OwnLinksRevoked]]) -> None:
    for turn in in_turns(events, lambda event: event.data.enrolment_id):
        await programmes.lock(tx, (event.data.programme for event in turn))
        for event in turn:
            fact = event.data
            person_id, seats = fact.person.person_id, {one.meeting_id: one.path for one in fact.seats}
            await participants.save_paths(tx, fact.enrolment_id, person_id, seats, fact.own_page_path)
            await team_members.save_path(tx, fact.enrolment_id, person_id, fact.place_path, fact.own_page_path)
            await subscriptions.close_of(tx, _ROLES, fact.enrolment_id, person_id, fact.generation)
        await write_letters(tx, [(letters.own_links_renewed(event.data, event.time), event.cause) for event in turn])
