"""An order is off: what is not invoiced yet falls away, the rest the staff must see."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import option_claim_id, take_back
from shared.base.cloudevents import Received
from shared.contracts.enrollment import OptionWithdrawn
from shared.storage.tx import Tx


async def withdraw_options(tx: Tx, events: Sequence[Received[OptionWithdrawn]]) -> None:
    off = {option_claim_id(event.data.enrolment_id, event.data.option_id, event.data.round): event for event in events}
    known = await claims.lock(tx, off)

    decided = [take_back(claim) for claim in known.values()]

    changed = [one.after for one in decided if one.after != known[one.after.id]]
    await claims.save(tx, changed, {claim.id: off[claim.id].cause for claim in changed})
