"""Keeps a copy of each meeting, so that registration opens and closes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.enrollment.adapters import meetings
from services.enrollment.adapters.meetings import MeetingCopy
from services.enrollment.domain.status import MeetingState
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingFact,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
)
from shared.messaging.envelope import Received
from shared.storage.tx import Tx

_STATES: dict[type[MeetingFact], MeetingState] = {
    MeetingPlanned: "planned",
    MeetingScheduled: "scheduled",
    MeetingRescheduled: "scheduled",
    MeetingCancelled: "cancelled",
    MeetingHeld: "held",
}


async def follow_meetings(tx: Tx, events: Sequence[Received[Any]]) -> None:
    """A programme or enrolment that is not known here yet is no hindrance: the copy waits for it."""
    await meetings.put(
        tx,
        [
            MeetingCopy(
                programme_id=event.data.programme.id,
                state=_STATES[type(event.data)],
                meeting=event.data.meeting,
                sequence=event.sequence,
            )
            for event in events
        ],
    )
