"""ExtraParticipantRemoved → the contact is told that nothing is billed for that person."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.participant import Participant
from services.notifications.usecases.invite_participant import seat_people
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ExtraParticipantRemoved
from shared.storage.tx import Tx


async def confirm_extra_removed(tx: Tx, events: Sequence[Received[ExtraParticipantRemoved]]) -> None:
    """Moved in, the participant still takes part; cancelled, no longer, whether or not anybody tells that too."""
    await programmes.lock(tx, (event.data.programme for event in events))
    words = [
        (letters.extra_participant_removed(event.data, event.sequence, event.time), event.cause) for event in events
    ]
    await write_letters(tx, words)
    lines = [(digest_lines.extra_removed(event.data, event.sequence, event.time), event.cause) for event in events]
    await tell_staff(tx, lines)
    seats = [
        (Participant(event.data, event.data.person, event.time, event.data.reason == "moved_in"), event.cause)
        for event in events
    ]
    await seat_people(tx, seats)
