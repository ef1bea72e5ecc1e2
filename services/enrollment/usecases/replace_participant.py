"""Skift deltager: a colleague takes over the seat, its place in the order, and what it costs."""

from __future__ import annotations

from services.enrollment.adapters import links, people, rosters
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.roster import replace_participant as replace_seat
from services.enrollment.domain.roster import seats_used
from services.enrollment.usecases.lock_roster import lock_roster
from shared.base.answers import Answer
from shared.contracts.enrollment import ReplaceParticipant
from shared.storage.tx import Tx


async def replace_participant(tx: Tx, command: ReplaceParticipant) -> Answer:
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    code, renames = roster.enrolment.organisation.code, people.may_rename(tx.cause, roster.enrolment)
    person = await people.recognise(tx, code, name, email, renames=renames)

    seat = roster.seat_of(command.person_id)
    decided = replace_seat(
        roster,
        command.person_id,
        person,
        tx.now,
        command.level,
        paths=links.seat_paths(tx.links, roster.enrolment, roster.meeting.id, person.person_id, seat.number)
        if seat
        else None,
        by_participant=tx.cause.is_by(command.person_id) and not roster.enrolment.is_contact(command.person_id),
    )

    await rosters.save(tx, roster, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "person_id": person.person_id,
            "previous": command.person_id,
            "registered": len(decided.after.seats),
            "seats": seats_used(decided.after),
        }
    )
