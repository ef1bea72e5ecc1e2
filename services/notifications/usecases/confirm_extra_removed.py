"""ExtraParticipantRemoved → the contact is told that nothing is billed for that person."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items, messages, programmes
from services.notifications.adapters.participants import Participant
from services.notifications.domain import digest_lines, letters
from services.notifications.usecases.invite_participant import seat_people
from shared.contracts.enrollment import ExtraParticipantRemoved
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def confirm_extra_removed(tx: Tx, events: Sequence[Received[ExtraParticipantRemoved]]) -> None:
    """Moved in, the participant still takes part; cancelled, no longer, whether or not anybody tells that too."""
    await programmes.keep(tx, (event.data.programme for event in events))
    words = [
        (letters.extra_participant_removed(event.data, event.sequence, event.time), event.cause) for event in events
    ]
    await messages.write(tx, words)
    lines = [(digest_lines.extra_removed(event.data, event.sequence, event.time), event.cause) for event in events]
    await digest_items.add(tx, lines)
    await seat_people(
        tx,
        [
            Participant(
                event.data, event.data.person, event.time, event.cause, takes_part=event.data.reason == "moved_in"
            )
            for event in events
        ],
    )
