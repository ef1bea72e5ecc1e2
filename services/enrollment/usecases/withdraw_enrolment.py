"""A municipality leaves a programme, or says no to an invitation."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import require_enrolment, withdraw
from services.enrollment.domain.status import status
from services.enrollment.usecases.fill_places import fill_places, what_moved
from services.enrollment.usecases.leave import leave
from shared.base.answers import Answer
from shared.contracts.enrollment import WithdrawEnrolment
from shared.storage.tx import Tx


async def withdraw_enrolment(tx: Tx, command: WithdrawEnrolment) -> Answer:
    """Its people are off the rosters of meetings still to come, and the next one on the waiting list moves up."""
    seen = require_enrolment(await enrolments.load(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.lock_of(tx, seen)
    before = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)

    decided = withdraw(before, programme, command.reason, tx.now)

    after = decided.after
    await enrolments.save(tx, after, tx.cause)
    programme = await leave(tx, programme, [(before, after)], tx.cause)
    tx.tell(decided)
    moved = await fill_places(tx, [programme], tx.cause, [before])
    return Answer(
        {
            "enrolment_id": after.id,
            "state": after.state,
            "status": status(after.state),
            **await what_moved(tx, moved, programme.id),
        }
    )
