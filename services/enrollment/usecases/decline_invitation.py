"""An invited municipality says no by the link in its invitation."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import decline
from services.enrollment.domain.programme import require_going_on
from services.enrollment.usecases.forget_sign_ups import look_for_void
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class DeclineInvitation(Command):
    enrolment_id: Id


async def decline_invitation(tx: Tx, command: DeclineInvitation) -> Answer:
    before = await enrolments.lock(tx, command.enrolment_id)
    programme = None if before is None else require_going_on(await programmes.lock_going_on(tx, before))

    decided = decline(before, programme, tx.now)

    if decided.after != before:
        await enrolments.save(tx, decided.after, tx.cause)
        await look_for_void(tx, [(decided.after.id, tx.cause)])
    tx.tell(decided)
    return Answer({"enrolment_id": decided.after.id, "state": decided.after.state})
