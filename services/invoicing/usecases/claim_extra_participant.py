"""Somebody takes part beyond the included seats: that person is billed once the meeting has been held."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims, meetings, programmes
from services.invoicing.domain.claim import extra_claim, extra_claim_id, said_again
from services.invoicing.usecases.tell_held_back import tell_held_back
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ExtraParticipantAdded
from shared.storage.tx import Tx


async def claim_extra_participant(tx: Tx, events: Sequence[Received[ExtraParticipantAdded]]) -> None:
    """The meeting may have been held, or cancelled, before we hear of this."""
    told = [event.data for event in events]
    ends = await meetings.ends(tx, (added.meeting for added in told))
    known = await claims.load(
        tx, {extra_claim_id(added.enrolment_id, added.meeting.id, added.person.person_id) for added in told}
    )

    owed = dict(known)
    causes: dict[str, Cause] = {}
    for event in events:
        end = ends[event.data.meeting.id]
        claim = extra_claim(event.data, event.time, end)
        before = owed.get(claim.id)
        owed[claim.id] = claim if before is None else said_again(before, claim, end)
        causes[claim.id] = event.cause

    changed = [claim for claim in owed.values() if claim != known.get(claim.id)]
    await programmes.remember(tx, (added.programme for added in told))
    await claims.save(tx, changed, causes)
    claims.arm_runs(tx, changed, causes)
    tell_held_back(tx, changed, {added.enrolment_id: added.programme for added in told}, causes)
