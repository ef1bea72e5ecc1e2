"""The contact's secretary gets a link of their own, and does by it what the contact need not do."""

from __future__ import annotations

from typing import ClassVar

from services.enrollment.adapters import contacts, enrolments, links, mailbox_codes, people, programmes
from services.enrollment.adapters.links import Guest
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.contact import require_contact
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.domain.programme import require_going_on
from services.enrollment.domain.secretary import appoint, next_turn, secretary_of
from shared.base.answers import Answer
from shared.contracts.bounds import Email, Id, Line
from shared.contracts.event import Command
from shared.contracts.seen import person_fields, require_seen
from shared.storage.tx import Tx


class AppointSecretary(Command):
    """By the contact, or by staff for them. Who else comes in is people's to say, on pages: it is no command of the
    intake. Whoever had the access until now has it no more.
    """

    service: ClassVar[str] = "enrollment"

    enrolment_id: Id
    name: Line
    email: Email
    seen: Id | None = None
    """Who had the access when it was asked for (`shared.contracts.seen`)."""


async def appoint_secretary(tx: Tx, command: AppointSecretary) -> Answer:
    known = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    enrolment = require_contact(known, tx.cause.person_id)
    programme = await programmes.load_of(tx, enrolment)
    require_going_on(programme)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    renames = people.may_rename(tx.cause, enrolment)
    person = await people.recognise(tx, enrolment.organisation.code, name, email, renames=renames)
    history = await contacts.load_history(tx, enrolment.id)
    former = secretary_of(enrolment, history)
    require_seen(person_fields(former.holder if former else None), command.seen)
    generation, turn = enrolment.generation_of(person.person_id), next_turn(history)
    given = Guest(enrolment.id, person.person_id, enrolment.number, generation, turn)

    decided = appoint(
        enrolment,
        programme,
        history,
        person,
        tx.now,
        by_staff=not tx.cause.is_person,
        standing_path=links.standing_path(tx.links, given),
    )

    await contacts.save(tx, enrolment.id, decided.after, tx.cause)
    if former is not None and former.holder.person_id != person.person_id:
        await mailbox_codes.forget_mailbox(tx, mailbox_codes.mark_of(tx.links, former.holder.email))
    tx.tell(decided)
    return Answer({"enrolment_id": enrolment.id, "changed": bool(decided.facts)})
