"""Somebody is no longer beyond the included seats: what is not invoiced yet falls away, the rest the staff must see."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import NO_LONGER_EXTRA, extra_claim_id, withdraw
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ExtraParticipantRemoved
from shared.storage.tx import Tx


async def withdraw_extra_participant(tx: Tx, events: Sequence[Received[ExtraParticipantRemoved]]) -> None:
    removed = {
        extra_claim_id(event.data.enrolment_id, event.data.meeting.id, event.data.person.person_id): event
        for event in events
    }
    known = await claims.lock(tx, removed)

    decided = [withdraw(claim, NO_LONGER_EXTRA[removed[claim.id].data.reason]) for claim in known.values()]

    changed = [one.after for one in decided if one.after != known[one.after.id]]
    await claims.save(tx, changed, {claim.id: removed[claim.id].cause for claim in changed})
