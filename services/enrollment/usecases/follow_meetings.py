"""Keeps a copy of each meeting, so that registration opens and closes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.enrollment.adapters import meetings
from services.enrollment.domain.meeting_copy import copy_of, newest
from services.enrollment.usecases.forget_needs import follow_needs
from shared.base.cloudevents import Received
from shared.storage.tx import Tx


async def follow_meetings(tx: Tx, events: Sequence[Received[Any]]) -> None:
    """A programme or enrolment that is not known here yet is no hindrance: the copy waits for it."""
    known = await meetings.lock_many(tx, [event.data.meeting.id for event in events])
    after = newest(known, [copy_of(event.data, event.sequence) for event in events])
    await meetings.save(tx, after)
    await follow_needs(tx, [one.meeting.id for one in after])
