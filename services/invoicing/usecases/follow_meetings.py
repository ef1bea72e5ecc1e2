"""A meeting was held, so its extra participants may be billed; or it was cancelled, so that they may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.invoicing.adapters import claims, meetings
from services.invoicing.domain.claim import MeetingEnd, claims_to_settle, follow_meeting
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.scheduling import MeetingCancelled, MeetingHeld
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def release_extra_participants(tx: Tx, events: Sequence[Received[MeetingHeld]]) -> None:
    ended = {event.data.meeting.id: (event.data.meeting.title, MeetingEnd(event.data.held_on)) for event in events}
    await _begin(tx, ended, {event.data.meeting.id: event.cause for event in events})


async def withdraw_extra_participants(tx: Tx, events: Sequence[Received[MeetingCancelled]]) -> None:
    ended = {event.data.meeting.id: (event.data.meeting.title, MeetingEnd(cancelled=True)) for event in events}
    await _begin(tx, ended, {event.data.meeting.id: event.cause for event in events})


async def settle_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    """Claims that found no room in the transaction of the meeting's end."""
    for timer in timers:
        await _settle(tx, {timer.data["meeting_id"]: timer.cause}, timer.data["after"], timer.due)


async def _begin(tx: Tx, ended: Mapping[str, tuple[str, MeetingEnd]], because: Mapping[str, Cause]) -> None:
    """The meetings first: whoever claims for one of them at this moment has its claims in before we look for them."""
    await meetings.save_ends(tx, ended)
    await _settle(tx, because, "", tx.now)


async def _settle(tx: Tx, because: Mapping[str, Cause], after: str, due: datetime) -> None:
    """As many claims as the transaction has room for, by meeting; `after` is a claim of the first one.

    Whatever is claimed later on looks at the meeting's end itself.
    """
    found = await claims.load_ids_of_meetings(tx, (min(because), after), because, tx.room + 1)
    now = found[: tx.room]
    tx.take_on(len(now))
    known = await claims.lock(tx, [one.claim_id for one in now])
    ends = await meetings.lock_ends(tx, {one.whose for one in now})

    decided = [follow_meeting(claim, ends[claim.meeting_id or ""]) for claim in known.values()]

    await claims.save_settled(tx, [one.after for one in decided if one.after != known[one.after.id]])
    tell_all(tx, decided, {claim.id: because[claim.meeting_id or ""] for claim in known.values()})
    if len(found) > len(now):
        last = now[-1] if now else claims.Place(min(because), after)
        for meeting_id in [one for one in because if one >= last.whose]:
            cause, place = because[meeting_id], last.claim_id if meeting_id == last.whose else ""
            tx.set(claims_to_settle(meeting_id, cause.causation_id or "", place, due), because=cause)
