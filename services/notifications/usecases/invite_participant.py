"""Participants come, change places and go: each gets the invitation, or the cancellation, that is theirs alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.adapters import participants, programmes
from services.notifications.adapters.participants import Participant
from services.notifications.domain.text import address_key
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.update_calendars import Because, update_calendars
from shared.contracts.enrollment import ParticipantCancelled, ParticipantRegistered, ParticipantReplaced, RosterFact
from shared.messaging.envelope import Received
from shared.storage.tx import Tx

R = TypeVar("R", bound=RosterFact)


async def invite_participant(tx: Tx, events: Sequence[Received[ParticipantRegistered]]) -> None:
    """ParticipantRegistered → the invitation, as soon as the meeting has a day."""
    for turn in in_turns(events, _person):
        await seat_people(
            tx, [Participant(event.data, event.data.person, event.time, event.cause, takes_part=True) for event in turn]
        )


async def replace_participant(tx: Tx, events: Sequence[Received[ParticipantReplaced]]) -> None:
    """ParticipantReplaced → the cancellation for the one, the invitation for the other."""
    for turn in in_turns(events, lambda event: event.subject):
        await seat_people(
            tx,
            [
                Participant(event.data, person, event.time, event.cause, takes_part=person is event.data.person)
                for event in turn
                for person in (event.data.previous, event.data.person)
            ],
        )


async def uninvite_participant(tx: Tx, events: Sequence[Received[ParticipantCancelled]]) -> None:
    """ParticipantCancelled → the cancellation, to that person only."""
    for turn in in_turns(events, _person):
        await seat_people(
            tx,
            [Participant(event.data, event.data.person, event.time, event.cause, takes_part=False) for event in turn],
        )


async def seat_people(tx: Tx, seats: Sequence[Participant]) -> None:
    """Store who takes part, each person at most once, and bring their calendars in line."""
    await programmes.keep(tx, (seat.fact.programme for seat in seats))
    former = await participants.addresses(tx, seats)
    await participants.save(tx, seats)
    looks = {}
    for seat in seats:
        address = address_key(seat.person.email)
        for one in (former.get(participants.seat_of(seat), address), address):
            looks[seat.fact.meeting.id, one] = Because(seat.since, seat.cause)
    await update_calendars(tx, looks)


def _person(event: Received[R]) -> str:
    return f"{event.data.enrolment_id}\n{event.data.meeting.id}\n{event.data.person.person_id}"
