"""A municipality is enrolled: each instalment of its fee is owed from now on."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import billings, claims, programmes
from services.invoicing.domain.claim import Claim, fee_claims, owe
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cloudevents import Received
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
    again = [one.after for one in decided if one.after.id in known and one.after != known[one.after.id]]
    await claims.save(tx, again, causes)
    tell_all(tx, decided, causes)
