"""A municipality is enrolled: each instalment of its fee is owed from now on."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims, programmes
from services.invoicing.domain.claim import Claim, fee_claims, said_again
from services.invoicing.usecases.tell_held_back import tell_held_back
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.storage.tx import Tx


async def claim_fees(tx: Tx, events: Sequence[Received[MunicipalityEnrolled]]) -> None:
    """As a rule all of it is new: two statements and the timers, however many events there are."""
    owed: dict[str, Claim] = {}
    causes: dict[str, Cause] = {}
    for event in events:
        for claim in fee_claims(event.data, event.time):
            if claim.id not in owed:
                owed[claim.id] = claim
                causes[claim.id] = event.cause

    await programmes.remember(tx, (event.data.programme for event in events))
    changed = list(owed.values())
    if not await claims.insert_new(tx, changed, causes):
        known = await claims.load(tx, owed)
        owed = {claim_id: said_again(claim, owed[claim_id]) for claim_id, claim in known.items()}
        changed = [claim for claim in owed.values() if claim != known[claim.id]]
        await claims.save(tx, changed, causes)
    claims.arm_runs(tx, owed.values(), causes)
    tell_held_back(tx, changed, {event.data.enrolment_id: event.data.programme for event in events}, causes)
