"""A municipality leaves a programme, or says no to an invitation."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import withdraw
from services.enrollment.domain.status import status
from services.enrollment.usecases.empty_rosters import empty_rosters
from shared.base.answers import Answer
from shared.contracts.enrollment import WithdrawEnrolment
from shared.storage.tx import Tx


async def withdraw_enrolment(tx: Tx, command: WithdrawEnrolment) -> Answer:
    """Its people are off the rosters of meetings that are still to come."""
    seen = await enrolments.load(tx, command.enrolment_id)
    programme = None if seen is None else await programmes.lock(tx, seen.programme_id)
    before = await enrolments.lock(tx, command.enrolment_id)

    decided = withdraw(before, programme, command.reason, tx.now)

    after = decided.after
    if before is not None and before.has_place:
        await programmes.free_place(tx, after.programme_id)
    await enrolments.save(tx, after, tx.cause)
    if programme is not None:
        await empty_rosters(tx, programme, after)
    tx.tell(decided)
    return Answer({"enrolment_id": after.id, "state": after.state, "status": status(after.state)})
