"""Somebody does not come after all; the first of the extras, if any, moves in, as long as that is free."""

from __future__ import annotations

from services.enrollment.adapters import rosters
from services.enrollment.domain.roster import cancel, moved_in, seats_used
from services.enrollment.usecases.lock_roster import lock_roster
from shared.base.answers import Answer
from shared.contracts.enrollment import CancelParticipant
from shared.storage.tx import Tx


async def cancel_participant(tx: Tx, command: CancelParticipant) -> Answer:
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    own = tx.cause.is_by(command.person_id) and not roster.enrolment.is_contact(command.person_id)

    decided = cancel(roster, command.person_id, tx.now, by_participant=own)

    await rosters.save(tx, roster, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "person_id": command.person_id,
            "moved_in": [person.person_id for person in moved_in(roster, decided.after)],
            "still_billed": bool(decided.after.left_late),
            "registered": len(decided.after.seats),
            "seats": seats_used(decided.after),
        }
    )
