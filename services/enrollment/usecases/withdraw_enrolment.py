"""A municipality leaves a programme, or says no to an invitation."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import require_enrolment, withdraw
from services.enrollment.domain.status import status
from services.enrollment.usecases.empty_rosters import empty_rosters
from services.enrollment.usecases.forget_sign_ups import look_for_void
from shared.base.answers import Answer
from shared.contracts.enrollment import WithdrawEnrolment
from shared.storage.tx import Tx


async def withdraw_enrolment(tx: Tx, command: WithdrawEnrolment) -> Answer:
    """Its people are off the rosters of meetings that are still to come."""
    seen = require_enrolment(await enrolments.load(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.lock_of(tx, seen)
    before = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)

    decided = withdraw(before, programme, command.reason, tx.now)

    after = decided.after
    if before.has_place:
        await programmes.free_place(tx, after.programme_id)
    await enrolments.save(tx, after, tx.cause)
    await empty_rosters(tx, programme, after)
    await look_for_void(tx, [(after.id, tx.cause)])
    tx.tell(decided)
    return Answer({"enrolment_id": after.id, "state": after.state, "status": status(after.state)})
