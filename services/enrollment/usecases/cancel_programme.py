"""A programme is called off: from now on nothing new begins in it; a timer tells everybody concerned at once."""

from __future__ import annotations

from services.enrollment.adapters import invitations, meetings, programmes
from services.enrollment.domain.calling_off import call_off
from services.enrollment.domain.programme import unknown_programme
from shared.base.answers import Answer
from shared.contracts.enrollment import CancelProgramme
from shared.storage.tx import Tx


async def cancel_programme(tx: Tx, command: CancelProgramme) -> Answer:
    """Whoever is changing something in it is waited for, and no enrolment is locked (`programmes.lock_going_on`)."""
    before = await programmes.lock_to_cancel(tx, command.programme_id)
    if before is None:
        raise unknown_programme()
    known = await meetings.load_of_programme(tx, before.id)
    rounds = await invitations.load_round_ids(tx, before.id)

    decided = call_off(before, known, rounds, command.reason, tx.source, tx.now)

    if decided.after != before:
        await programmes.mark_cancelled(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"programme_id": before.id, "reason": decided.after.because, "changed": bool(decided.facts)})
