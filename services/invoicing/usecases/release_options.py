"""What was ordered is delivered, so that it is due."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import deliver, option_claim_id
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cloudevents import Received
from shared.contracts.enrollment import OptionDelivered
from shared.storage.tx import Tx


async def release_options(tx: Tx, events: Sequence[Received[OptionDelivered]]) -> None:
    """Nothing was ordered, nothing is owed: of a claim that is not there nothing is made."""
    delivered = {
        option_claim_id(event.data.enrolment_id, event.data.option_id, event.data.round): event
        for event in reversed(events)
    }
    known = await claims.lock(tx, delivered)

    decided = [deliver(claim, delivered[claim.id].data.delivered_on) for claim in known.values()]

    await claims.mark_delivered(tx, [one.after for one in decided if one.after != known[one.after.id]])
    tell_all(tx, decided, {claim_id: event.cause for claim_id, event in delivered.items()})
