"""A secretary's access is closed at once: by the contact, by staff, or with the contact that gave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from services.enrollment.adapters import contacts, enrolments, mailbox_codes, programmes
from services.enrollment.domain.contact import require_contact
from services.enrollment.domain.enrolment import Enrolment, require_enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Held
from services.enrollment.domain.secretary import dismiss, secretary_of
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.bounds import Id
from shared.contracts.decision import Decision
from shared.contracts.event import Command
from shared.contracts.seen import person_fields, require_seen
from shared.storage.tx import Tx


class DismissSecretary(Command):
    """By the contact, or by staff. As with AppointSecretary it is done on pages alone."""

    service: ClassVar[str] = "enrollment"

    enrolment_id: Id
    seen: Id | None = None
    """Whose access it was when that was asked for (`shared.contracts.seen`)."""


async def dismiss_secretary(tx: Tx, command: DismissSecretary) -> Answer:
    """Where nobody has the access nothing changes."""
    known = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    enrolment = require_contact(known, tx.cause.person_id)
    programme = await programmes.load_of(tx, enrolment)
    history = await contacts.load_history(tx, enrolment.id)
    former = secretary_of(enrolment, history)
    if former is not None:
        require_seen(person_fields(former.holder), command.seen)
    changed = await end_access(tx, enrolment, programme, history, tx.cause)
    return Answer({"enrolment_id": enrolment.id, "changed": changed})


async def end_access(
    tx: Tx, enrolment: Enrolment, programme: Programme, history: Sequence[Held], because: Cause
) -> bool:
    """Of an enrolment that is locked, as it was when it had a secretary. Its links lead nowhere, no code that is under
    way is any good, and the calendar is closed by whoever hears of it. False = nobody has the access.
    """
    ended = dismiss(enrolment, programme, history, tx.now)
    if ended is None:
        return False
    await contacts.save(tx, enrolment.id, ended.rows, because)
    await mailbox_codes.forget_mailbox(tx, mailbox_codes.mark_of(tx.links, ended.email))
    tx.tell(Decision(ended.rows, (ended.fact,)), because)
    return True
