"""OwnLinksRevoked → whoever it is about is mailed the new links, and later mails lead by them alone. Calendars are
closed.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import closed_links, participants, programmes, subscriptions, team_members
from services.notifications.domain import letters
from services.notifications.domain.closed_links import Led
from services.notifications.domain.text import storable
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
        await closed_links.keep(tx, turn)
        whose = [(storable(event.data.enrolment_id), storable(event.data.person.person_id)) for event in turn]
        closed = await closed_links.load(tx, whose)
        seats, places = await participants.load_led(tx, whose), await team_members.load_known(tx, whose)

        await participants.save_led(
            tx,
            {
                (person, meeting, of): closed[of, person].seat(meeting, since, led)
                for (person, meeting, of), (since, led) in seats.items()
            },
        )
        await team_members.save_led(
            tx,
            {
                one: closed[one].place(known.since, Led(known.place_path, known.own_path))
                for one, known in places.items()
            },
        )
        await subscriptions.close_of(
            tx, _ROLES, [(one.enrolment_id, one.person.person_id, one.generation) for one in (e.data for e in turn)]
        )
        await write_letters(tx, [(letters.own_links_renewed(event.data, event.time), event.cause) for event in turn])
