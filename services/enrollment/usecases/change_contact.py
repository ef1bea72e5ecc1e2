"""Tovholderskifte: somebody else is the municipality's contact from now on. The links of the former one end, as does
the access of the former one's secretary.
"""

from __future__ import annotations

from services.enrollment.adapters import contacts, enrolments, links, people, programmes
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.contact import hand_over, next_turn, require_contact, require_role, with_contact
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.usecases.dismiss_secretary import end_access
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeContact
from shared.contracts.seen import person_fields, require_seen
from shared.storage.tx import Tx


async def change_contact(tx: Tx, command: ChangeContact) -> Answer:
    """By staff, or by the present contact; whatever waits for the role finds the new one when its time comes."""
    known = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    before = require_contact(known, tx.cause.person_id)
    require_seen(person_fields(before.contact), command.seen)
    programme = await programmes.load_of(tx, before)
    require_role(command.role)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    renames = people.may_rename(tx.cause, before)
    after = with_contact(before, await people.recognise(tx, before.organisation.code, name, email, renames=renames))
    reason = command.reason.strip()

    decided = hand_over(
        before,
        after,
        programme,
        reason,
        participants_path=links.participants_path_of(tx.links, after),
        standing_path=links.standing_path_of(tx.links, after),
    )

    if decided.after != before:
        history = await contacts.load_history(tx, before.id)
        if not after.is_contact(before.known_contact.person_id):
            await end_access(tx, before, programme, history, tx.cause)
        await contacts.save(tx, before.id, next_turn(history, before, after, reason, tx.now), tx.cause)
        await enrolments.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"enrolment_id": before.id, "role": command.role, "changed": bool(decided.facts)})
