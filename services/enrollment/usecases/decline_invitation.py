"""An invited municipality says no by the link in its invitation."""

from __future__ import annotations

from services.enrollment.adapters import enrolments
from services.enrollment.domain.enrolment import withdraw
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class DeclineInvitation(Command):
    enrolment_id: str


async def decline_invitation(tx: Tx, command: DeclineInvitation) -> Answer:
    """Only who has not answered otherwise: the link of an invitation never takes a place away."""
    before = await enrolments.lock_one(tx, command.enrolment_id)
    if before is not None and before.state == "declined":
        return Answer({"enrolment_id": before.id, "state": before.state})
    if before is None or before.state != "invited":
        raise Refused("already_answered", "Kommunen har allerede svaret på invitationen.")

    after = withdraw(before, tx.now)

    await enrolments.save(tx, [(after, tx.cause)])
    return Answer({"enrolment_id": after.id, "state": after.state})
