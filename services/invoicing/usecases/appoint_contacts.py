"""An organisation has another contact: its invoices go to that person from now on."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims, meetings, programmes
from services.invoicing.domain.claim import NOT_ENDED, Appointed, address_to
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cloudevents import Received
from shared.contracts.enrollment import TovholderAppointed
from shared.storage.tx import Tx


async def appoint_contacts(tx: Tx, events: Sequence[Received[TovholderAppointed]]) -> None:
    """What was held back for want of a contact's name may be in order now; the rest is seen to when it is invoiced."""
    newest = {event.data.enrolment_id: event for event in events}
    appointed = {key: Appointed(event.data.contact, event.time) for key, event in newest.items()}
    await programmes.save_appointed(tx, appointed)

    stuck = await claims.lock_held_back(tx, appointed)
    if not stuck:
        return
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in stuck.values()})
    ends = await meetings.lock_ends(tx, {claim.meeting_id for claim in stuck.values() if claim.meeting_id})
    decided = [
        address_to(
            claim,
            appointed[claim.enrolment_id],
            refs[claim.programme_id, claim.programme_version],
            tx.source,
            ends.get(claim.meeting_id or "", NOT_ENDED),
        )
        for claim in stuck.values()
    ]

    causes = {claim.id: newest[claim.enrolment_id].cause for claim in stuck.values()}
    await claims.save(tx, [one.after for one in decided if one.after != stuck[one.after.id]], causes)
    tell_all(tx, decided, causes)
