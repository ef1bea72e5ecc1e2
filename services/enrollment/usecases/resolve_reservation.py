"""Godkendt or ikke godkendt: the municipality's political body has answered its forbehold."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.domain.forbehold import resolve
from services.enrollment.domain.programme import allots
from services.enrollment.domain.status import status
from services.enrollment.usecases.fill_places import fill_places, what_moved
from services.enrollment.usecases.leave import leave
from shared.base.answers import Answer
from shared.contracts.enrollment import ResolveReservation
from shared.storage.tx import Tx


async def resolve_reservation(tx: Tx, command: ResolveReservation) -> Answer:
    """A "no" frees the place, if there was one; a "yes" may be what somebody on the waiting list waited for."""
    seen = require_enrolment(await enrolments.load(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.lock_of(tx, seen)
    before = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)

    decided = resolve(before, programme, tx.now, approved=command.approved)

    if decided.after != before:
        await enrolments.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    if before.is_signed_up and not decided.after.is_signed_up:
        programme = await leave(tx, programme, [(before, decided.after)], tx.cause)
    left = [before] if not decided.after.is_signed_up else []
    moved = await fill_places(tx, [programme], tx.cause, left)
    after = next((one for one in moved.enrolments if one.id == decided.after.id), decided.after)
    return Answer(
        {
            "enrolment_id": after.id,
            "state": after.state,
            "status": status(after.state, forbehold_open=after.forbehold_open, allotted=allots(programme, tx.now)),
            **await what_moved(tx, moved, programme.id),
        }
    )
