"""A municipality has said how it wants its invoices: what is not invoiced yet is billed so, and released with it."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import billings, claims, meetings, programmes
from services.invoicing.domain.claim import (
    NOT_ENDED,
    Billed,
    bill_another,
    bill_as_told,
    extra_claim_id,
    option_claim_id,
)
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cloudevents import Received
from shared.contracts.enrollment import BillingChanged, ExtraBillingChanged, OptionBillingChanged
from shared.storage.tx import Tx


async def change_billings(tx: Tx, events: Sequence[Received[BillingChanged]]) -> None:
    newest = {event.data.enrolment_id: event for event in events}
    told = {key: Billed(event.data.billing, event.time) for key, event in newest.items()}
    await billings.save(tx, told)

    # Whoever ends a meeting locks that before its claims; nobody adds a claim while the billing is locked.
    ends = await meetings.lock_ends(tx, await claims.load_meetings_to_bill(tx, told))
    known = await claims.lock_to_bill(tx, told)
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in known.values()})
    decided = [
        bill_as_told(
            claim,
            told[claim.enrolment_id],
            refs[claim.programme_id, claim.programme_version],
            tx.source,
            ends.get(claim.meeting_id or "", NOT_ENDED),
        )
        for claim in known.values()
    ]

    causes = {claim.id: newest[claim.enrolment_id].cause for claim in known.values()}
    await claims.save(tx, [one.after for one in decided if one.after != known[one.after.id]], causes)
    tell_all(tx, decided, causes)


async def change_extra_billings(tx: Tx, events: Sequence[Received[ExtraBillingChanged]]) -> None:
    """Told on the same subject as the participant, and so after them."""
    newest = {
        extra_claim_id(event.data.enrolment_id, event.data.meeting.id, event.data.person.person_id): event
        for event in events
    }
    ends = await meetings.lock_ends(tx, {event.data.meeting.id for event in newest.values()})
    known = await claims.lock(tx, newest)
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in known.values()})
    decided = [
        bill_another(
            claim,
            newest[claim.id].data.billing,
            refs[claim.programme_id, claim.programme_version],
            tx.source,
            ends[newest[claim.id].data.meeting.id],
        )
        for claim in known.values()
    ]

    causes = {claim_id: event.cause for claim_id, event in newest.items()}
    await claims.save(tx, [one.after for one in decided if one.after != known[one.after.id]], causes)
    tell_all(tx, decided, causes)


async def change_option_billings(tx: Tx, events: Sequence[Received[OptionBillingChanged]]) -> None:
    """Told on the same subject as the order, and so after it."""
    newest = {
        option_claim_id(event.data.enrolment_id, event.data.option_id, event.data.round): event for event in events
    }
    known = await claims.lock(tx, newest)
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in known.values()})
    decided = [
        bill_another(claim, newest[claim.id].data.billing, refs[claim.programme_id, claim.programme_version], tx.source)
        for claim in known.values()
    ]

    causes = {claim_id: event.cause for claim_id, event in newest.items()}
    await claims.save(tx, [one.after for one in decided if one.after != known[one.after.id]], causes)
    tell_all(tx, decided, causes)
