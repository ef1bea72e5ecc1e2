"""Guests come to single meetings, or do not after all: each gets the invitation, or the cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.domain.participant import Participant
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.invite_participant import seat_people
from shared.base.cloudevents import Received
from shared.contracts.enrollment import GuestInvited, GuestRemoved
from shared.storage.tx import Tx


async def invite_guest(tx: Tx, events: Sequence[Received[GuestInvited]]) -> None:
    """GuestInvited → the invitation, as soon as the meeting has a day."""
    await _follow(tx, events, takes_part=True)


async def uninvite_guest(tx: Tx, events: Sequence[Received[GuestRemoved]]) -> None:
    """GuestRemoved → the cancellation, to that guest only."""
    await _follow(tx, events, takes_part=False)


async def _follow(tx: Tx, events: Sequence[Received[Any]], *, takes_part: bool) -> None:
    for turn in in_turns(events, lambda event: str(event.subject)):
        await seat_people(
            tx, [(Participant(event.data, event.data.guest, event.time, takes_part), event.cause) for event in turn]
        )
