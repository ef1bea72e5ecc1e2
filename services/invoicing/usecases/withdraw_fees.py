"""An enrolment, or the whole programme, comes to an end: fees that are not invoiced yet fall away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.invoicing.adapters import claims, programmes
from services.invoicing.domain.claim import LAPSED, PROGRAMME_CANCELLED, WITHDRAWN, Claim, withdraw
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentLapsed, EnrolmentWithdrawn, ProgrammeCancelled
from shared.storage.tx import Tx


async def withdraw_fees(tx: Tx, events: Sequence[Received[EnrolmentWithdrawn]]) -> None:
    known = await claims.lock_fees(tx, {event.data.enrolment_id for event in events})
    await _withdraw(tx, known, {event.data.enrolment_id: event.cause for event in events}, WITHDRAWN)


async def lapse_fees(tx: Tx, events: Sequence[Received[EnrolmentLapsed]]) -> None:
    known = await claims.lock_fees(tx, {event.data.enrolment_id for event in events})
    await _withdraw(tx, known, {event.data.enrolment_id: event.cause for event in events}, LAPSED)


async def withdraw_fees_of_programmes(tx: Tx, events: Sequence[Received[ProgrammeCancelled]]) -> None:
    """Fees that are claimed later on are stopped by the invoice run."""
    ended = {event.data.programme.id: event for event in events}
    await programmes.insert_cancelled(tx, {programme_id: event.data.reason for programme_id, event in ended.items()})
    known = await claims.lock_fees_of_programmes(tx, ended)
    causes = {claim.enrolment_id: ended[claim.programme_id].cause for claim in known.values()}
    await _withdraw(tx, known, causes, PROGRAMME_CANCELLED)


async def _withdraw(tx: Tx, known: Mapping[str, Claim], because: Mapping[str, Cause], reason: str) -> None:
    decided = [withdraw(claim, reason) for claim in known.values()]
    changed = [one.after for one in decided if one.after != known[one.after.id]]
    await claims.save(tx, changed, {claim.id: because[claim.enrolment_id] for claim in changed})
