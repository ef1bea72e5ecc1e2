"""OwnLinksRevoked → whoever it is about is mailed the new links, and later mails lead by them alone. Calendars are
closed.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import closed_links, participants, programmes, subscriptions, team_members
from services.notifications.domain import letters
from services.notifications.domain.closed_links import Led, Whose
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.base.passes import Role
from shared.contracts.enrollment import GuestLinksRevoked, OwnLinksRevoked
from shared.storage.tx import Tx

_ROLES: Sequence[Role] = ("participant", "mailbox", "secretary")


async def renew_own_links(tx: Tx, events: Sequence[Received[OwnLinksRevoked]]) -> None:
    for turn in in_turns(events, lambda event: event.data.enrolment_id):
        await programmes.lock(tx, (event.data.programme for event in turn))
        await closed_links.keep(tx, turn)
        whose = [closed_links.whose_of(event.data) for event in turn]
        await lead_on(tx, whose)
        await subscriptions.close_of(
            tx, _ROLES, [(one.enrolment_id, one.person.person_id, one.generation) for one in (e.data for e in turn)]
        )
        await write_letters(tx, [(letters.own_links_renewed(event.data, event.time), event.cause) for event in turn])


async def renew_guest_links(tx: Tx, events: Sequence[Received[GuestLinksRevoked]]) -> None:
    """GuestLinksRevoked → the same for a guest, who is mailed once for all meetings."""
    for turn in in_turns(events, lambda event: str(event.subject)):
        await programmes.lock(tx, (event.data.programme for event in turn))
        await closed_links.keep(tx, turn)
        await lead_on(tx, [closed_links.whose_of(event.data) for event in turn])
        await subscriptions.close_of(
            tx, ["guest"], [(one.programme.id, one.guest.person_id, one.generation) for one in (e.data for e in turn)]
        )
        mailed = [event for event in turn if event.data.mailed]
        await write_letters(
            tx, [(letters.guest_links_renewed(event.data, event.time), event.cause) for event in mailed]
        )


async def lead_on(tx: Tx, whose: Sequence[Whose]) -> None:
    """Whatever is mailed of their seats and places leads by the links that are good now."""
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
        {one: closed[one].place(known.since, Led(known.place_path, known.own_path)) for one, known in places.items()},
    )
