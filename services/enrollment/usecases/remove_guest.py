"""A guest is not to come to the meeting after all."""

from __future__ import annotations

from services.enrollment.adapters import guests
from services.enrollment.domain.guest import remove_guest as decide
from services.enrollment.domain.guest import require_own_leave
from services.enrollment.usecases.lock_guests import lock_guests
from shared.base.answers import Answer
from shared.contracts.enrollment import RemoveGuest
from shared.storage.tx import Tx


async def remove_guest(tx: Tx, command: RemoveGuest) -> Answer:
    programme, meeting = await lock_guests(tx, command.programme_id, command.meeting_id)
    there = await guests.load(tx, meeting.meeting.id, command.person_id)

    own = tx.cause.is_by(command.person_id)
    if own and there is not None:
        require_own_leave(meeting, tx.now)
    decided = decide(programme, meeting, there, by_participant=own)

    await guests.remove(tx, decided.after)
    tx.tell(decided)
    return Answer({"person_id": command.person_id, "meeting_id": meeting.meeting.id})
