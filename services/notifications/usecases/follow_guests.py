"""Guests come to single meetings, or do not after all: each gets the invitation, or the cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.adapters import programmes
from services.notifications.domain import digest_lines
from services.notifications.domain.participant import Participant
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.invite_participant import seat_people
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.enrollment import GuestInvited, GuestRemoved
from shared.storage.tx import Tx


async def invite_guest(tx: Tx, events: Sequence[Received[GuestInvited]]) -> None:
    """GuestInvited → the invitation, as soon as the meeting has a day."""
    await _follow(tx, events, takes_part=True)


async def uninvite_guest(tx: Tx, events: Sequence[Received[GuestRemoved]]) -> None:
    """GuestRemoved → the cancellation, to that guest only; staff read of it, where the guest did it themselves."""
    left = [event for event in events if event.data.by_participant]
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(digest_lines.guest_left(event.data, event.time), event.cause) for event in left])
    await _follow(tx, events, takes_part=False)


async def _follow(tx: Tx, events: Sequence[Received[Any]], *, takes_part: bool) -> None:
    for turn in in_turns(events, lambda event: str(event.subject)):
        await seat_people(
            tx,
            [
                (
                    Participant(
                        event.data,
                        event.data.guest,
                        event.time,
                        takes_part,
                        seat_path=getattr(event.data, "guest_path", None),
                        own_path=getattr(event.data, "own_path", None),
                    ),
                    event.cause,
                )
                for event in turn
            ],
        )
