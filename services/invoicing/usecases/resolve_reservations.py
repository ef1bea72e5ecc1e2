"""The political body has answered a forbehold: the fee is released, or falls away."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import resolve
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ReservationResolved
from shared.storage.tx import Tx


async def resolve_reservations(tx: Tx, events: Sequence[Received[ReservationResolved]]) -> None:
    resolved = {event.data.enrolment_id: event for event in events}
    known = await claims.lock_fees_and_options(tx, resolved)

    decided = [resolve(claim, approved=resolved[claim.enrolment_id].data.approved) for claim in known.values()]

    causes = {claim.id: resolved[claim.enrolment_id].cause for claim in known.values()}
    changed = [one.after for one in decided if one.after != known[one.after.id]]
    # What is owed all the same goes back to the enrolment; what falls away, to the answer.
    await claims.save_settled(tx, [claim for claim in changed if claim.wanted])
    await claims.save(tx, [claim for claim in changed if not claim.wanted], causes)
    tell_all(tx, decided, causes)
