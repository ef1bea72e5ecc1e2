"""A municipality's political body answers its forbehold on another day, or it is another body that does."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.domain.forbehold import change, reservation_fields
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeReservation
from shared.contracts.seen import require_seen
from shared.storage.tx import Tx


async def change_reservation(tx: Tx, command: ChangeReservation) -> Answer:
    before = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    require_seen(reservation_fields(before), command.seen)
    programme = await programmes.lock_going_on(tx, before)

    decided = change(before, programme, command.expected_on, command.committee, tx.now)

    if decided.after != before:
        await enrolments.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    known = decided.after.forbehold
    return Answer(
        {
            "enrolment_id": before.id,
            "committee": known.committee or None,
            "expected_on": known.expected_on.isoformat() if known.expected_on else None,
            "was": reservation_fields(before),
        }
    )
