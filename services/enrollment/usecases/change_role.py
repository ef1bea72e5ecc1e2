"""Somebody else holds a role beside the contact's from now on, or nobody does: both are told."""

from __future__ import annotations

from services.enrollment.adapters import contacts, enrolments, people, programmes
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.contact import require_contact
from services.enrollment.domain.enrolment import Enrolment, require_enrolment
from services.enrollment.domain.roles import appoint, holder_of, require_role
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeRole
from shared.contracts.parties import Person
from shared.contracts.seen import person_fields, require_seen
from shared.storage.tx import Tx


async def change_role(tx: Tx, command: ChangeRole) -> Answer:
    """By staff, or by the present contact."""
    known = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    enrolment = require_contact(known, tx.cause.person_id)
    programme = await programmes.load_of(tx, enrolment)
    history = await contacts.load_history(tx, enrolment.id)
    empty = not command.name.strip() and not command.email.strip()
    term = require_role(enrolment, programme, history, command.role_id, empty=empty)
    require_seen(person_fields(holder_of(enrolment, history, term.id)), command.seen)
    person = None if empty else await _recognise(tx, enrolment, command)

    decided = appoint(enrolment, programme, history, term, person, command.reason.strip(), tx.now)

    await contacts.save(tx, enrolment.id, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"enrolment_id": enrolment.id, "role_id": term.id, "changed": bool(decided.facts)})


async def _recognise(tx: Tx, enrolment: Enrolment, command: ChangeRole) -> Person:
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    renames = people.may_rename(tx.cause, enrolment)
    return await people.recognise(tx, enrolment.organisation.code, name, email, renames=renames)
