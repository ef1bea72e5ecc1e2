"""Somebody of an enrolled municipality gets a seat at a meeting; beyond the included seats at the price shown before.

Follow it to the invoice line and the mail: domain/roster.py, shared/contracts/enrollment.py, and there
services/invoicing/usecases/claim_extra_participant.py and services/notifications/usecases/confirm_extra_participant.py.
"""

from __future__ import annotations

from services.enrollment.adapters import links, organisations, people, rosters
from services.enrollment.domain.address_book import billing_of, require_email, require_entry, require_name
from services.enrollment.domain.billing import require_billing
from services.enrollment.domain.enrolment import Enrolment, book_is_for
from services.enrollment.domain.roster import register, seats_used
from services.enrollment.usecases.lock_roster import lock_roster
from shared.base.answers import Answer
from shared.contracts.enrollment import RegisterParticipant
from shared.contracts.parties import Billing
from shared.storage.tx import Tx


async def register_participant(tx: Tx, command: RegisterParticipant) -> Answer:
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    code, renames = roster.enrolment.organisation.code, people.may_rename(tx.cause, roster.enrolment)
    person = await people.recognise(tx, code, name, email, renames=renames)

    paths = links.seat_paths(tx.links, roster.enrolment, roster.meeting.id, person.person_id, roster.next_number)
    billing = await _billing(tx, roster.enrolment, command.billing)

    decided = register(roster, person, command.accepted_price_ore, tx.now, command.level, billing=billing, paths=paths)

    await rosters.save(tx, roster, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "person_id": person.person_id,
            "extra": decided.after.seat_of(person.person_id) in decided.after.extras,
            "registered": len(decided.after.seats),
            "seats": seats_used(decided.after),
        }
    )


async def _billing(tx: Tx, enrolment: Enrolment, said: Billing) -> Billing | None:
    """Who pays for this one, if anything is said of it."""
    if said == Billing():
        return None
    entry = require_entry(await organisations.load(tx, enrolment.organisation.code))
    by_name = book_is_for(enrolment, client=tx.cause.client is not None, person=tx.cause.is_person)
    return billing_of(entry, require_billing(said), enrolment.billing, by_name=by_name)
