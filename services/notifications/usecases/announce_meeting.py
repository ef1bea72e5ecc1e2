"""Meetings get a day, move, are cancelled and held: calendars and reminders follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.adapters import meetings, programmes
from services.notifications.domain import digest_lines
from services.notifications.domain.invitations import Standing, State, follow_meeting
from services.notifications.domain.looks import Look
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.look_at_calendars import look_at_calendars
from services.notifications.usecases.set_reminders import set_reminders
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
)
from shared.storage.tx import Tx


async def note_planned_meeting(tx: Tx, events: Sequence[Received[MeetingPlanned]]) -> None:
    """MeetingPlanned → nobody is written to; staff read that it wants a date."""
    await _follow(tx, events, "planned")
    await tell_staff(tx, [(digest_lines.planned(event.data, event.time), event.cause) for event in events])


async def announce_meeting(tx: Tx, events: Sequence[Received[MeetingScheduled]]) -> None:
    """MeetingScheduled → the invitation, or »Reservér datoen« where the clock times are to come."""
    await _follow(tx, events, "dated")


async def announce_move(tx: Tx, events: Sequence[Received[MeetingRescheduled]]) -> None:
    """MeetingRescheduled → the update of whatever lies in the calendars."""
    await _follow(tx, events, "dated")


async def announce_cancellation(tx: Tx, events: Sequence[Received[MeetingCancelled]]) -> None:
    """MeetingCancelled → the cancellation, to everybody who was invited."""
    await _follow(tx, events, "cancelled")


async def close_meeting(tx: Tx, events: Sequence[Received[MeetingHeld]]) -> None:
    """MeetingHeld → no more reminders."""
    await _follow(tx, events, "held")


async def _follow(tx: Tx, events: Sequence[Received[Any]], state: State) -> None:
    for turn in in_turns(events, lambda event: event.data.meeting.id):
        await programmes.lock(tx, (event.data.programme for event in turn))
        known = await meetings.load(tx, {event.data.meeting.id for event in turn})
        changed: dict[str, Standing] = {}
        for event in turn:
            meeting, reason = event.data.meeting, getattr(event.data, "reason", "")
            after = follow_meeting(
                known.get(meeting.id),
                event.data.programme,
                meeting,
                state,
                event.time,
                reason,
                with_programme=getattr(event.data, "with_programme", False),
            )
            if after is not None:
                changed[meeting.id] = after
        await meetings.save(tx, changed.values())
        causes = {event.uid: event.cause for event in turn}
        told = {event.data.meeting.id: event for event in turn}
        looks = [Look("meeting", one, told[one].uid, told[one].time) for one in sorted(changed)]
        await look_at_calendars(tx, looks, causes, tx.now)
        await set_reminders(tx, [(standing, tx.now, told[one].cause) for one, standing in changed.items()])
