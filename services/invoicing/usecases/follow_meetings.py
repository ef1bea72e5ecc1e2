"""A meeting was held, so its extra participants may be billed; or it was cancelled, so that they may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.invoicing.adapters import claims, meetings
from services.invoicing.domain.claim import MeetingEnd, follow_meeting
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.scheduling import MeetingCancelled, MeetingHeld
from shared.storage.tx import Tx


async def release_extra_participants(tx: Tx, events: Sequence[Received[MeetingHeld]]) -> None:
    ended = {event.data.meeting.id: (event.data.meeting.title, MeetingEnd(event.data.held_on)) for event in events}
    await _follow(tx, ended, {event.data.meeting.id: event.cause for event in events})


async def withdraw_extra_participants(tx: Tx, events: Sequence[Received[MeetingCancelled]]) -> None:
    ended = {event.data.meeting.id: (event.data.meeting.title, MeetingEnd(cancelled=True)) for event in events}
    await _follow(tx, ended, {event.data.meeting.id: event.cause for event in events})


async def _follow(tx: Tx, ended: Mapping[str, tuple[str, MeetingEnd]], because: Mapping[str, Cause]) -> None:
    """The meetings first: whoever claims for one of them at this moment has its claims in before we look for them."""
    await meetings.save_ends(tx, ended)
    known = await claims.lock_of_meetings(tx, ended)

    decided = [follow_meeting(claim, ended[claim.meeting_id or ""][1]) for claim in known.values()]

    await claims.save_settled(tx, [one.after for one in decided if one.after != known[one.after.id]])
    tell_all(tx, decided, {claim.id: because[claim.meeting_id or ""] for claim in known.values()})
