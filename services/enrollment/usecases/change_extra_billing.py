"""Who pays for an extra participant, said after they were registered."""

from __future__ import annotations

from services.enrollment.adapters import organisations, rosters
from services.enrollment.domain.address_book import billing_of, require_entry
from services.enrollment.domain.billing import require_billing
from services.enrollment.domain.enrolment import book_is_for
from services.enrollment.domain.roster import bill, lacking_for, paid_by
from services.enrollment.usecases.lock_roster import lock_roster
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeExtraBilling
from shared.contracts.refusal import Refused
from shared.contracts.seen import billing_fields, require_seen
from shared.storage.tx import Tx


async def change_extra_billing(tx: Tx, command: ChangeExtraBilling) -> Answer:
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    before = roster.seat_of(command.person_id)
    if before is None:
        raise Refused("not_registered", "Deltageren er ikke tilmeldt mødet.", status=404, field="person_id")
    require_seen(billing_fields(paid_by(roster, before)), command.seen)
    entry = require_entry(await organisations.load(tx, roster.enrolment.organisation.code))
    by_name = book_is_for(roster.enrolment, client=tx.cause.client is not None, person=tx.cause.is_person)
    billing = billing_of(entry, require_billing(command.billing), paid_by(roster, before), by_name=by_name)

    decided = bill(roster, command.person_id, billing)

    seat = decided.after.seat_of(command.person_id) or before
    if seat != before:
        await rosters.save_billing(tx, decided.after, seat, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "person_id": command.person_id,
            "billing": paid_by(decided.after, seat).model_dump(mode="json") if by_name else None,
            "was": billing_fields(paid_by(roster, before)) if by_name else None,
            "missing": list(lacking_for(decided.after, seat)),
        }
    )
