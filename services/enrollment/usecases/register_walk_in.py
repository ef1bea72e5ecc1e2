"""Somebody came without being registered: staff write them down once the meeting has begun, and it is billed."""

from __future__ import annotations

from services.enrollment.adapters import people, rosters
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.roster import seats_used, walk_in
from services.enrollment.usecases.lock_roster import lock_roster
from shared.base.answers import Answer
from shared.contracts.enrollment import RegisterWalkIn
from shared.storage.tx import Tx


async def register_walk_in(tx: Tx, command: RegisterWalkIn) -> Answer:
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    code, renames = roster.enrolment.organisation.code, people.may_rename(tx.cause, roster.enrolment)
    person = await people.recognise(tx, code, name, email, renames=renames)

    decided = walk_in(roster, person, tx.now, command.level)

    await rosters.save(tx, roster, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "person_id": person.person_id,
            "extra": decided.after.seat_of(person.person_id) in decided.after.extras,
            "registered": len(decided.after.seats),
            "seats": seats_used(decided.after, closed=True),
        }
    )
