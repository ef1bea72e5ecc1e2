"""ExtraParticipantAdded → the contact is told the price, the participant gets the invitation.

The fact alone is enough: whoever tells it need not tell ParticipantRegistered beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.participant import Participant
from services.notifications.usecases.invite_participant import seat_people
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ExtraParticipantAdded
from shared.storage.tx import Tx


async def confirm_extra_participant(tx: Tx, events: Sequence[Received[ExtraParticipantAdded]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    prices = [(letters.extra_participant(event.data, event.sequence, event.time), event.cause) for event in events]
    await write_letters(tx, prices)
    lines = [(digest_lines.extra_added(event.data, event.sequence, event.time), event.cause) for event in events]
    await tell_staff(tx, lines)
    # Whoever has been there is not invited any more.
    seats = [
        (Participant(event.data, event.data.person, event.time, takes_part=True), event.cause)
        for event in events
        if not event.data.walked_in
    ]
    await seat_people(tx, seats)
