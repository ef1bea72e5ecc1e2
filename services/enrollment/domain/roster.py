"""One enrolment's people at one meeting: who has a seat, who is beyond the included ones, and at what price.

The order of the seats is (registered_at, number). Whoever stands after the included seats is extra, always and only
they: nothing about it is stored, so that a cancellation moves the next one in by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.status import MeetingState
from shared.contracts.danish import kroner, short_day
from shared.contracts.enrollment import (
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    RosterFact,
)
from shared.contracts.money import with_moms
from shared.contracts.parties import Person
from shared.contracts.programme import ExtraTerm, ProgrammeRef, SeatTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting
from shared.contracts.time import start_of_day


@dataclass(frozen=True, slots=True)
class Seat:
    """`number` is drawn from the roster and never used twice."""

    person: Person
    registered_at: datetime
    number: int
    level: str | None = None
    """What the person said to be, of the levels that the programme asked for then."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The seats in their order, and what was agreed about them. `closes_days`: days before the meeting's first day.

    `levels`: what a participant can say to be; empty = not asked.
    """

    meeting: Meeting
    meeting_state: MeetingState
    terms: SeatTerm | None
    group: str | None
    closes_days: int
    seats: tuple[Seat, ...]
    next_number: int
    levels: tuple[str, ...] = ()

    @property
    def included(self) -> tuple[Seat, ...]:
        return self.seats if self.limit is None else self.seats[: self.limit]

    @property
    def extras(self) -> tuple[Seat, ...]:
        return () if self.limit is None else self.seats[self.limit :]

    @property
    def limit(self) -> int | None:
        return None if self.terms is None else self.terms.included

    @property
    def next_is_extra(self) -> bool:
        return self.limit is not None and len(self.seats) >= self.limit

    @property
    def last_day_to_register(self) -> date | None:
        return None if self.meeting.when is None else self.meeting.when.first_day - timedelta(days=self.closes_days)

    def seat_of(self, person_id: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.person.person_id == person_id), None)


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision makes of a roster. The extras told as added or removed are exactly those that came or went."""

    after: Roster
    added: tuple[Person, ...] = ()
    cancelled: tuple[Person, ...] = ()
    replaced: tuple[Person, Person] | None = None
    """The one who leaves and the one who takes over the seat."""
    moved_in: tuple[Person, ...] = ()
    """Were extra, and have an included seat now."""
    extra_added: tuple[Person, ...] = ()
    extra_cancelled: tuple[Person, ...] = ()


def price(terms: ExtraTerm) -> str:
    """1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)."""
    gross = with_moms(terms.price_ore, terms.vat_percent)
    return f"{kroner(terms.price_ore)} ekskl. moms ({kroner(gross)} inkl. moms)"


def seats_used(roster: Roster, *, closed: bool = False) -> str:
    """3 af 3 pladser brugt – næste koster …: what is read before anybody is registered. A closed one offers nothing."""
    if roster.limit is None:
        return f"{len(roster.seats)} tilmeldt"
    used = f"{len(roster.included)} af {roster.limit} pladser brugt"
    if not roster.next_is_extra:
        return used
    extra = roster.terms.extra if roster.terms else None
    used += f" og {len(roster.extras)} ekstra" if roster.extras else ""
    return used if closed else f"{used} – " + ("næste koster " + price(extra) if extra else "der er ikke flere pladser")


def register(
    roster: Roster, person: Person, accepted_price_ore: int | None, now: datetime, level: str | None = None
) -> Change:
    """A seat for `person`. Refused when registration is not open, on a second seat for the same person, on a level
    that the programme does not have, when there is no price for one more, and when the price of an extra seat was not
    accepted (with `price_ore` in the answer).
    """
    require_open(roster, now)
    _require_level(roster, level)
    if roster.seat_of(person.person_id) is not None:
        raise Refused(
            "already_registered", f"{person.name} ({person.email}) er allerede tilmeldt mødet.", field="email"
        )
    if roster.next_is_extra:
        _require_price(roster, accepted_price_ore)
    # A clock that was set back never lets a later person in before one who already has a seat.
    registered_at = max(now, roster.seats[-1].registered_at) if roster.seats else now
    seats = (*roster.seats, Seat(person, registered_at, roster.next_number, level))
    after = replace(roster, seats=seats, next_number=roster.next_number + 1)
    return Change(after, added=(person,), extra_added=(person,) if roster.next_is_extra else ())


def cancel(roster: Roster, person_id: str, now: datetime) -> Change:
    """The seat is free again; if it was an included one, the first of the extras moves in."""
    _require_changeable(roster, now)
    gone = _require_seat(roster, person_id)
    after = replace(roster, seats=tuple(seat for seat in roster.seats if seat is not gone))
    was_extra = gone in roster.extras
    return Change(
        after,
        cancelled=(gone.person,),
        extra_cancelled=(gone.person,) if was_extra else (),
        moved_in=() if was_extra else tuple(seat.person for seat in roster.extras[:1]),
    )


def replace_participant(
    roster: Roster, person_id: str, person: Person, now: datetime, level: str | None = None
) -> Change:
    """`person` takes over the seat and its place in the order, but not the level; an extra seat stays an extra one."""
    _require_changeable(roster, now)
    _require_level(roster, level)
    seat = _require_seat(roster, person_id)
    if roster.seat_of(person.person_id) is not None:
        raise Refused(
            "already_registered", f"{person.name} ({person.email}) er allerede tilmeldt mødet.", field="email"
        )
    taken_over = replace(seat, person=person, level=level)
    after = replace(roster, seats=tuple(taken_over if one is seat else one for one in roster.seats))
    extra = seat in roster.extras
    return Change(
        after,
        replaced=(seat.person, person),
        extra_cancelled=(seat.person,) if extra else (),
        extra_added=(person,) if extra else (),
    )


def empty(roster: Roster) -> Change:
    """Nobody comes any more: the enrolment is withdrawn, or belongs to another group from now on."""
    return Change(
        replace(roster, seats=()),
        cancelled=tuple(seat.person for seat in roster.seats),
        extra_cancelled=tuple(seat.person for seat in roster.extras),
    )


def told(change: Change, programme: ProgrammeRef, enrolment: Enrolment) -> tuple[RosterFact, ...]:
    """What others are told of a change, in the order in which it happened."""
    if enrolment.contact is None:
        raise ValueError(f"enrolment {enrolment.id} has people and no contact")
    about: dict[str, Any] = {
        "owner": programme.owner,
        "programme": programme,
        "enrolment_id": enrolment.id,
        "organisation": enrolment.organisation,
        "contact": enrolment.contact,
        "meeting": change.after.meeting,
    }
    facts: list[RosterFact] = [ParticipantCancelled(**about, person=person) for person in change.cancelled]
    levels = {seat.person.person_id: seat.level for seat in change.after.seats}
    facts += [
        ParticipantRegistered(
            **about, person=person, extra=person in change.extra_added, level=levels[person.person_id]
        )
        for person in change.added
    ]
    if change.replaced is not None:
        previous, person = change.replaced
        facts.append(ParticipantReplaced(**about, person=person, previous=previous, level=levels[person.person_id]))
    facts += [ExtraParticipantRemoved(**about, person=person, reason="cancelled") for person in change.extra_cancelled]
    facts += [ExtraParticipantRemoved(**about, person=person, reason="moved_in") for person in change.moved_in]
    terms = change.after.terms.extra if change.after.terms else None
    if terms is not None:
        facts += [
            ExtraParticipantAdded(**about, person=person, billing=enrolment.billing, terms=terms)
            for person in change.extra_added
        ]
    return tuple(facts)


def require_open(roster: Roster, now: datetime) -> None:
    """Raises Refused unless people may be registered for the meeting now."""
    terms = roster.terms
    if terms is None or terms.attendance != "registered" or roster.meeting.roles:
        raise Refused("no_registration", "Der tilmeldes ikke deltagere til dette møde.")
    if roster.meeting.group is not None and roster.meeting.group != roster.group:
        raise Refused("other_group", "Mødet er for en anden gruppe end kommunens.")
    if roster.meeting_state == "planned" or roster.meeting.when is None:
        raise Refused("registration_not_open", "Mødet har ikke fået en dato endnu, så tilmeldingen er ikke åben.")
    _require_changeable(roster, now)
    last = roster.last_day_to_register
    if last is not None and now >= start_of_day(last + timedelta(days=1)):
        raise Refused("registration_closed", f"Tilmeldingen til mødet lukkede den {short_day(last)}.")


def is_over(roster: Roster, now: datetime) -> bool:
    """Held, as its owner told or because its last day in Denmark is gone."""
    when = roster.meeting.when
    return roster.meeting_state == "held" or (
        roster.meeting_state == "scheduled"
        and when is not None
        and now >= start_of_day(when.last_day + timedelta(days=1))
    )


def _require_changeable(roster: Roster, now: datetime) -> None:
    if roster.meeting_state == "cancelled":
        raise Refused("meeting_cancelled", "Mødet er aflyst.")
    if is_over(roster, now):
        raise Refused("meeting_held", "Mødet er afholdt, så tilmeldingerne kan ikke ændres.")


def _require_level(roster: Roster, level: str | None) -> None:
    if level is not None and level not in roster.levels:
        there = f"Her kan svares: {'; '.join(roster.levels)}." if roster.levels else "Forløbet spørger ikke om det."
        raise Refused("unknown_level", f"»{level[:60]}« er ikke et af svarene. {there}", status=422, field="level")


def _require_price(roster: Roster, accepted_price_ore: int | None) -> None:
    extra = roster.terms.extra if roster.terms else None
    if extra is None:
        raise Refused("no_more_seats", f"Alle {roster.limit} pladser er brugt, og der kan ikke købes flere.")
    if accepted_price_ore != extra.price_ore:
        raise Refused(
            "extra_price_not_accepted",
            f"{seats_used(roster)}. Bekræft prisen for at tilmelde en ekstra deltager.",
            field="accepted_price_ore",
            price_ore=extra.price_ore,
            vat_percent=extra.vat_percent,
        )


def _require_seat(roster: Roster, person_id: str) -> Seat:
    seat = roster.seat_of(person_id)
    if seat is None:
        raise Refused("not_registered", "Deltageren er ikke tilmeldt mødet.", status=404, field="person_id")
    return seat
