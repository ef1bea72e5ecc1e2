"""An organisation has another contact: its invoices go to that person from now on."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims, meetings, programmes
from services.invoicing.domain.claim import NOT_ENDED, address_to
from shared.base.cloudevents import Received
from shared.contracts.enrollment import TovholderAppointed
from shared.storage.tx import Tx


async def appoint_contacts(tx: Tx, events: Sequence[Received[TovholderAppointed]]) -> None:
    """What was held back for want of a contact's name may be in order now; the rest is seen to when it is invoiced."""
    newest = {event.data.enrolment_id: event for event in events}
    await programmes.appoint(tx, [(key, event.data.contact, event.time) for key, event in newest.items()])

    stuck = [
        claim for claim in await claims.load_held_back(tx, newest) if claim.told_at < newest[claim.enrolment_id].time
    ]
    if not stuck:
        return
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in stuck})
    ends = await meetings.known_ends(tx, {claim.meeting_id for claim in stuck if claim.meeting_id})
    addressed = [
        address_to(
            claim,
            newest[claim.enrolment_id].data.contact,
            refs[claim.programme_id, claim.programme_version],
            ends.get(claim.meeting_id or "", NOT_ENDED),
        )
        for claim in stuck
    ]
    causes = {claim.id: newest[claim.enrolment_id].cause for claim in addressed}
    await claims.save(tx, addressed, causes)
    claims.arm_runs(tx, addressed, causes)
