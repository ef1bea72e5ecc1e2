"""Somebody does not come after all; the first of the extras, if any, moves in."""

from __future__ import annotations

from services.enrollment.adapters import rosters
from services.enrollment.domain.roster import cancel, seats_used, told
from services.enrollment.usecases.open_roster import open_roster
from shared.base.answers import Answer
from shared.contracts.enrollment import CancelParticipant
from shared.storage.tx import Tx


async def cancel_participant(tx: Tx, command: CancelParticipant) -> Answer:
    programme, enrolment, roster = await open_roster(tx, command.enrolment_id, command.meeting_id)

    change = cancel(roster, command.person_id, tx.now)

    await rosters.save(tx, enrolment, change.after)
    for fact in told(change, programme.ref, enrolment):
        tx.publish(fact)
    return Answer(
        {
            "person_id": command.person_id,
            "moved_in": [person.person_id for person in change.moved_in],
            "registered": len(change.after.seats),
            "seats": seats_used(change.after),
        }
    )
