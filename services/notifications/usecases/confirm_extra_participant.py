"""ExtraParticipantAdded → the contact is told the price, the participant gets the invitation.

The fact alone is enough: whoever tells it need not tell ParticipantRegistered beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items, messages, programmes
from services.notifications.adapters.participants import Participant
from services.notifications.domain import digest_lines, letters
from services.notifications.usecases.invite_participant import seat_people
from shared.contracts.enrollment import ExtraParticipantAdded
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def confirm_extra_participant(tx: Tx, events: Sequence[Received[ExtraParticipantAdded]]) -> None:
    await programmes.keep(tx, (event.data.programme for event in events))
    prices = [(letters.extra_participant(event.data, event.sequence, event.time), event.cause) for event in events]
    await messages.write(tx, prices)
    lines = [(digest_lines.extra_added(event.data, event.sequence, event.time), event.cause) for event in events]
    await digest_items.add(tx, lines)
    await seat_people(
        tx, [Participant(event.data, event.data.person, event.time, event.cause, takes_part=True) for event in events]
    )
