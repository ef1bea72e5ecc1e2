"""Somebody is no longer beyond the included seats: what is not invoiced yet falls away, the rest the staff must see."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import extra_claim_id, withdraw
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ExtraParticipantRemoved
from shared.storage.tx import Tx

REASONS = {"cancelled": "Deltageren er meldt fra.", "moved_in": "Deltageren har fået en af de inkluderede pladser."}


async def withdraw_extra_participant(tx: Tx, events: Sequence[Received[ExtraParticipantRemoved]]) -> None:
    removed = {
        extra_claim_id(event.data.enrolment_id, event.data.meeting.id, event.data.person.person_id): event
        for event in events
    }
    known = await claims.load(tx, removed)
    changed = [
        after for claim in known.values() if (after := withdraw(claim, REASONS[removed[claim.id].data.reason])) != claim
    ]
    await claims.save(tx, changed, {claim.id: removed[claim.id].cause for claim in changed})
