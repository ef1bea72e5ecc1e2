"""A guest is not to come to the meeting after all."""

from __future__ import annotations

from services.enrollment.adapters import guests
from services.enrollment.domain.guest import remove_guest as decide
from services.enrollment.usecases.lock_guests import lock_guests
from shared.base.answers import Answer
from shared.contracts.enrollment import RemoveGuest
from shared.storage.tx import Tx


async def remove_guest(tx: Tx, command: RemoveGuest) -> Answer:
    programme, meeting = await lock_guests(tx, command.programme_id, command.meeting_id)
    there = await guests.load(tx, meeting.meeting.id, command.person_id)

    decided = decide(programme, meeting, there)

    await guests.remove(tx, decided.after)
    tx.tell(decided)
    return Answer({"person_id": command.person_id, "meeting_id": meeting.meeting.id})
