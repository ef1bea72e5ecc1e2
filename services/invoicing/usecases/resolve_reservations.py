"""The political body has answered a forbehold: the fee is released, or falls away."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import Claim, release, withdraw
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ReservationResolved
from shared.storage.tx import Tx

NOT_APPROVED = "Ikke godkendt politisk."


async def resolve_reservations(tx: Tx, events: Sequence[Received[ReservationResolved]]) -> None:
    resolved = {event.data.enrolment_id: event for event in events}
    known = await claims.load_fees(tx, resolved)
    released: list[Claim] = []
    fallen: list[Claim] = []
    for claim in known.values():
        if not resolved[claim.enrolment_id].data.approved:
            fallen.append(withdraw(claim, NOT_APPROVED))
        elif claim.on_hold:
            released.append(release(claim))
    causes = {claim.id: resolved[claim.enrolment_id].cause for claim in known.values()}
    await claims.save(tx, [claim for claim in fallen if claim != known[claim.id]], causes)
    await claims.save_settled(tx, released)
    claims.arm_runs(tx, released, causes)
