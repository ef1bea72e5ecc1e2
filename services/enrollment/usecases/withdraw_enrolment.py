"""A municipality leaves a programme, or says no to an invitation."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import Enrolment, Programme, withdraw
from services.enrollment.domain.status import status
from services.enrollment.usecases.empty_rosters import empty_rosters
from shared.base.answers import Answer
from shared.contracts.enrollment import EnrolmentWithdrawn, WithdrawEnrolment
from shared.storage.tx import Tx


async def withdraw_enrolment(tx: Tx, command: WithdrawEnrolment) -> Answer:
    """Its people are off the rosters of meetings that are still to come."""
    seen = await enrolments.load(tx, command.enrolment_id)
    programme = None if seen is None else (await programmes.lock(tx, [seen.programme_id]))[seen.programme_id]
    before = await enrolments.lock_one(tx, command.enrolment_id)

    after = withdraw(before, tx.now)

    if before is not None and before.has_place:
        await programmes.free_place(tx, after.programme_id)
    await enrolments.save(tx, [(after, tx.cause)])
    if programme is not None:
        await empty_rosters(tx, programme, after)
        _tell(tx, programme, after, command.reason)
    return Answer({"enrolment_id": after.id, "state": after.state, "status": status(after.state)})


def _tell(tx: Tx, programme: Programme, enrolment: Enrolment, reason: str) -> None:
    # Who was only invited has no contact yet, and nobody was told anything that has to be taken back.
    if enrolment.contact is not None:
        tx.publish(
            EnrolmentWithdrawn(
                owner=programme.ref.owner,
                programme=programme.ref,
                enrolment_id=enrolment.id,
                organisation=enrolment.organisation,
                contact=enrolment.contact,
                reason=reason,
            )
        )
