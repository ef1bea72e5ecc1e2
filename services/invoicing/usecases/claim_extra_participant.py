"""Somebody takes part beyond the included seats: that person is billed once the meeting has been held."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import billings, claims, meetings, programmes
from services.invoicing.domain.claim import Claim, extra_claim, extra_claim_id, owe
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.decision import Decision
from shared.contracts.enrollment import ExtraParticipantAdded
from shared.storage.tx import Tx


async def claim_extra_participant(tx: Tx, events: Sequence[Received[ExtraParticipantAdded]]) -> None:
    """The meeting may have been held or cancelled, and the enrolment billed otherwise, before we hear of this."""
    told = [event.data for event in events]
    billed = await billings.lock(tx, (added.enrolment_id for added in told))
    await meetings.insert_new(tx, (added.meeting for added in told))
    ends = await meetings.lock_ends(tx, (added.meeting.id for added in told))
    standing = await claims.lock(
        tx, {extra_claim_id(added.enrolment_id, added.meeting.id, added.person.person_id) for added in told}
    )

    decided: list[Decision[Claim]] = []
    causes: dict[str, Cause] = {}
    for event in events:
        end = ends[event.data.meeting.id]
        fresh = extra_claim(event.data, event.time, end, billed.get(event.data.enrolment_id))
        before = standing.get(fresh.id)
        one = owe(fresh, before, event.data.programme, tx.source, end)
        if one.after != before:
            decided.append(one)
            causes[fresh.id] = event.cause
            standing[fresh.id] = one.after

    await programmes.insert_new(tx, (added.programme for added in told))
    await claims.save(tx, [one.after for one in decided], causes)
    tell_all(tx, decided, causes)
