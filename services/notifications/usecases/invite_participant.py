"""Participants come, change places and go: each gets the invitation, or the cancellation, that is theirs alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.adapters import closed_links, participants, programmes
from services.notifications.domain import letters
from services.notifications.domain.participant import Participant, follow_seats
from services.notifications.domain.text import storable
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.update_calendars import Because, update_calendars
from services.notifications.usecases.write_letters import write_letters
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ParticipantCancelled, ParticipantRegistered, ParticipantReplaced, RosterFact
from shared.contracts.parties import Person
from shared.storage.tx import Tx

R = TypeVar("R", bound=RosterFact)
Paths = tuple[str | None, str | None]
"""Of the page of the seat, and of the one with all that is theirs."""


async def invite_participant(tx: Tx, events: Sequence[Received[ParticipantRegistered]]) -> None:
    """ParticipantRegistered → the invitation, as soon as the meeting has a day; of a quiet one nobody hears before the
    meeting changes. Whoever has been there needs none, and is told that they were entered, unless they know what is
    done with their data.
    """
    came = [event for event in events if event.data.walked_in and not event.data.quiet]
    await programmes.lock(tx, (event.data.programme for event in came))
    await write_letters(tx, [(letters.walked_in(event.data, event.time), event.cause) for event in came])
    for turn in in_turns([event for event in events if not event.data.walked_in], _person):
        await seat_people(
            tx,
            [
                (
                    _of(event, event.data.person, takes_part=True, paths=(event.data.seat_path, event.data.own_path)),
                    event.cause,
                )
                for event in turn
            ],
        )


async def replace_participant(tx: Tx, events: Sequence[Received[ParticipantReplaced]]) -> None:
    """ParticipantReplaced → the cancellation for the one, the invitation for the other; the contact hears of it, where
    the one did it by the link of their own.
    """
    passed_on = [event for event in events if event.data.by_participant]
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(
        tx, [(letters.seat_passed_on(event.data, event.sequence, event.time), event.cause) for event in passed_on]
    )
    for turn in in_turns(events, lambda event: event.subject):
        await seat_people(tx, [(one, event.cause) for event in turn for one in _swapped(event)])


async def uninvite_participant(tx: Tx, events: Sequence[Received[ParticipantCancelled]]) -> None:
    """ParticipantCancelled → the cancellation, to that person only; the contact hears of it, where that is news, or
    costs something all the same.
    """
    left = [event for event in events if event.data.by_participant or event.data.still_billed]
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(
        tx, [(letters.seat_left(event.data, event.sequence, event.time), event.cause) for event in left]
    )
    for turn in in_turns(events, _person):
        await seat_people(tx, [(_of(event, event.data.person, takes_part=False), event.cause) for event in turn])


async def seat_people(tx: Tx, told: Sequence[tuple[Participant, Cause]]) -> None:
    """Store who takes part, and bring their calendars in line."""
    await programmes.lock(tx, (one.fact.programme for one, _ in told))
    known = await participants.load_known(tx, (one.seat for one, _ in told))
    closed = await closed_links.load(tx, (one.whose for one, _ in told))
    await participants.save(tx, follow_seats((one for one, _ in told), known, closed))
    looks = {}
    for one, cause in told:
        former = known.get(one.seat)
        for address in (former.address if former else one.address, one.address):
            looks[one.fact.meeting.id, address] = Because(one.since, cause, own=storable(one.organisation))
    await update_calendars(tx, looks)


def _swapped(event: Received[ParticipantReplaced]) -> tuple[Participant, Participant]:
    fact = event.data
    return (
        _of(event, fact.previous, takes_part=False),
        _of(event, fact.person, takes_part=True, paths=(fact.seat_path, fact.own_path)),
    )


def _of(event: Received[R], person: Person, *, takes_part: bool, paths: Paths = (None, None)) -> Participant:
    quiet = getattr(event.data, "quiet", False)
    return Participant(event.data, person, event.time, takes_part, *paths, quiet=quiet)


def _person(event: Received[R]) -> str:
    return f"{event.data.enrolment_id}\n{event.data.meeting.id}\n{event.data.person.person_id}"
