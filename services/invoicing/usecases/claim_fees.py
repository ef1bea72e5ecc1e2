"""A municipality is enrolled: each instalment of its fee is owed from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.invoicing.adapters import billings, claims, programmes
from services.invoicing.domain.claim import (
    Appointed,
    Claim,
    end_with_programme,
    fee_claims,
    fees_to_credit,
    is_to_credit,
    owe,
)
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.decision import Decision
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.storage.tx import Tx


async def claim_fees(tx: Tx, events: Sequence[Received[MunicipalityEnrolled]]) -> None:
    """As a rule all of it is new: two statements and the timers, however many events there are."""
    fresh: dict[str, Claim] = {}
    told_by: dict[str, Received[MunicipalityEnrolled]] = {}
    for event in events:
        for claim in fee_claims(event.data, event.time):
            if claim.id not in fresh:
                fresh[claim.id] = claim
                told_by[claim.id] = event
    causes = {claim_id: event.cause for claim_id, event in told_by.items()}

    await programmes.insert_new(tx, (event.data.programme for event in events))
    all_new = await claims.insert_new(tx, list(fresh.values()), causes)
    known = {} if all_new else await claims.lock_older(tx, causes)
    decided = [owe(claim, known.get(claim.id), told_by[claim.id].data.programme, tx.source) for claim in fresh.values()]

    if known:
        anew = {event.data.enrolment_id: event.time for event in events}
        await billings.forget_older(tx, anew)
        # Of one that comes anew the fees may be invoiced already, and nothing else would say who its contact is.
        contacts = {event.data.enrolment_id: Appointed(event.data.contact, event.time) for event in events}
        await programmes.save_appointed(tx, contacts)
        decided = await _as_ended(tx, decided, causes)
    again = [one.after for one in decided if one.after.id in known and one.after != known[one.after.id]]
    await claims.save(tx, again, causes)
    tell_all(tx, decided, causes)


async def _as_ended(tx: Tx, decided: Sequence[Decision[Claim]], causes: Mapping[str, Cause]) -> list[Decision[Claim]]:
    """Its programme may have been cancelled before we hear of this, and no run looks at what is invoiced."""
    cancelled = await programmes.load_cancelled(tx, {one.after.programme_id for one in decided})
    ended = []
    for one in decided:
        after = end_with_programme(one.after, cancelled).after if one.after.invoice_id is not None else one.after
        ended.append(replace(one, after=after))
        if cancelled.get(after.programme_id) is False and is_to_credit(after):
            tx.set(fees_to_credit(after, tx.now), because=causes[after.id])
    return ended
