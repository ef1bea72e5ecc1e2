"""One enrolment's people at one meeting: who has a seat, who is beyond the included ones, and at what price.

The order of the seats is (registered_at, number). Whoever stands after the included seats is extra, always and only
they: nothing about it is stored, so that a cancellation moves the next one in by itself.

A rule takes the roster as it stands and decides how it stands afterwards, with the facts that tell the difference; or
it refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.enrollment.domain.billing import missing
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.price_text import price
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.status import MeetingState
from shared.contracts.danish import short_day
from shared.contracts.decision import Decision
from shared.contracts.enrollment import (
    ExtraBillingChanged,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    RosterFact,
    roster_id,
)
from shared.contracts.parties import Billing, Person
from shared.contracts.programme import ExtraTerm, SeatTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting
from shared.contracts.time import day_after, days_after, start_of_day


@dataclass(frozen=True, slots=True)
class Seat:
    """`number` is drawn from the roster and never used twice; whoever takes over a seat takes over its number."""

    person: Person
    registered_at: datetime
    number: int
    level: str | None = None
    """What the person said to be, of the levels that the programme asked for then."""
    billing: Billing | None = None
    """Who pays for an extra one, where that was said; None = as the enrolment's."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The seats in their order, of whom, and where. What was agreed about them is the enrolment's."""

    programme: Programme
    enrolment: Enrolment
    meeting: Meeting
    meeting_state: MeetingState
    seats: tuple[Seat, ...] = ()
    next_number: int = 1

    @property
    def id(self) -> str:
        return roster_id(self.enrolment.id, self.meeting.id)

    @property
    def terms(self) -> SeatTerm | None:
        return self.enrolment.seat_terms(self.meeting.kind)

    @property
    def levels(self) -> tuple[str, ...]:
        """What a participant can say to be; empty = not asked."""
        return self.programme.terms.terms.participant_levels

    @property
    def limit(self) -> int | None:
        return None if self.terms is None else self.terms.included

    @property
    def included(self) -> tuple[Seat, ...]:
        return self.seats if self.limit is None else self.seats[: self.limit]

    @property
    def extras(self) -> tuple[Seat, ...]:
        return () if self.limit is None else self.seats[self.limit :]

    @property
    def next_is_extra(self) -> bool:
        return self.limit is not None and len(self.seats) >= self.limit

    @property
    def next_costs(self) -> ExtraTerm | None:
        """What one more is billed at; None = nothing, or there is no more to be had (`full`)."""
        return self.terms.extra if self.terms and self.next_is_extra else None

    @property
    def full(self) -> bool:
        return self.next_is_extra and self.next_costs is None

    @property
    def last_day_to_register(self) -> date | None:
        closes_days, when = self.programme.terms.terms.registration_closes_days, self.meeting.when
        return None if when is None else days_after(when.first_day, -closes_days)

    def seat_of(self, person_id: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.person.person_id == person_id), None)


def register(
    roster: Roster,
    person: Person,
    accepted_price_ore: int | None,
    now: datetime,
    level: str | None = None,
    billing: Billing | None = None,
) -> Decision[Roster]:
    """A seat for `person`; who pays for it is kept where it costs something.

    Refused when registration is not open, on a second seat for the same person, on a level that the programme does not
    have, when there is no price for one more, and when the price of an extra seat was not accepted (with `price_ore` in
    the answer).
    """
    require_open(roster, now)
    _require_level(roster, level)
    _require_new(roster, person)
    if roster.next_is_extra:
        _require_price(roster, accepted_price_ore)
    # A clock that was set back never lets a later person in before one who already has a seat.
    registered_at = max(now, roster.seats[-1].registered_at) if roster.seats else now
    own = billing if roster.next_is_extra and billing != roster.enrolment.billing else None
    seats = (*roster.seats, Seat(person, registered_at, roster.next_number, level, own))
    return _decided(roster, replace(roster, seats=seats, next_number=roster.next_number + 1))


def cancel(roster: Roster, person_id: str, now: datetime) -> Decision[Roster]:
    """The seat is free again; if it was an included one, the first of the extras moves in."""
    _require_changeable(roster, now)
    gone = _require_seat(roster, person_id)
    return _decided(roster, replace(roster, seats=tuple(seat for seat in roster.seats if seat is not gone)))


def replace_participant(
    roster: Roster, person_id: str, person: Person, now: datetime, level: str | None = None
) -> Decision[Roster]:
    """`person` takes over the seat and its place in the order, but not the level; an extra seat stays an extra one.

    They may be who has it, written otherwise: a slip of the pen is put right, and the place in the order is kept.
    """
    _require_changeable(roster, now)
    _require_level(roster, level)
    seat = _require_seat(roster, person_id)
    taken_over = replace(seat, person=person, level=level)
    if taken_over == seat or person.person_id != person_id:
        _require_new(roster, person)
    return _decided(roster, replace(roster, seats=tuple(taken_over if one is seat else one for one in roster.seats)))


def bill(roster: Roster, person_id: str, billing: Billing) -> Decision[Roster]:
    """Who pays for an extra participant from now on, also when the meeting is over; what is invoiced stays. The same
    again changes nothing. Refused `not_extra` where nobody pays.
    """
    seat = _require_seat(roster, person_id)
    if seat not in roster.extras:
        raise Refused("not_extra", f"{seat.person.name} har en af de pladser, som er med i prisen.", field="person_id")
    if billing == paid_by(roster, seat):
        return Decision(roster)
    billed = replace(seat, billing=billing)
    after = replace(roster, seats=tuple(billed if one is seat else one for one in roster.seats))
    fact = ExtraBillingChanged(
        **_about(after), person=seat.person, billing=billing, billing_missing=lacking_for(after, billed)
    )
    return Decision(after, (fact,))


def paid_by(roster: Roster, seat: Seat) -> Billing:
    return seat.billing or roster.enrolment.billing


def lacking_for(roster: Roster, seat: Seat) -> tuple[str, ...]:
    """What the invoice for an extra participant lacks, by BILLING_DETAILS."""
    enrolment = roster.enrolment
    return missing(paid_by(roster, seat), enrolment.organisation, enrolment.known_contact.name)


def vacate(roster: Roster, now: datetime) -> Decision[Roster]:
    """Nobody comes to a meeting still to come when it is not, or no longer, for this enrolment."""
    ours = roster.enrolment.has_place and roster.meeting.group in {None, roster.enrolment.group}
    if ours or not is_changeable(roster, now):
        return Decision(roster)
    return _decided(roster, replace(roster, seats=()))


def moved_in(before: Roster, after: Roster) -> tuple[Person, ...]:
    """Were extra, and have an included seat now."""
    included = {seat.person.person_id for seat in after.included}
    return tuple(seat.person for seat in before.extras if seat.person.person_id in included)


def seats_for(roster: Roster, *, client: bool) -> tuple[Seat, ...]:
    """The seats as they are shown: to a client, and to whoever may be one, those taken since the enrolment's place.

    Who came before it left and signed up anew was put in by whoever had signed it up then.
    """
    since = roster.enrolment.enrolled_at
    if not client:
        return roster.seats
    return tuple(seat for seat in roster.seats if since is not None and seat.registered_at >= since)


def seats_used(roster: Roster, *, closed: bool = False) -> str:
    """3 af 3 pladser brugt – næste koster …: what is read before anybody is registered. A closed one offers nothing."""
    if roster.limit is None:
        return f"{len(roster.seats)} tilmeldt"
    used = f"{len(roster.included)} af {roster.limit} pladser brugt"
    if not roster.next_is_extra:
        return used
    used += f" og {len(roster.extras)} ekstra" if roster.extras else ""
    extra = roster.next_costs
    return used if closed else f"{used} – " + ("næste koster " + price(extra) if extra else "der er ikke flere pladser")


def require_open(roster: Roster, now: datetime) -> None:
    """Raises Refused unless people may be registered for the meeting now."""
    terms, group = roster.terms, roster.meeting.group
    if terms is None or terms.attendance != "registered" or roster.meeting.roles:
        raise Refused("no_registration", "Der tilmeldes ikke deltagere til dette møde.")
    if group is not None and group != roster.enrolment.group:
        raise Refused("other_group", "Mødet er for en anden gruppe end kommunens.")
    if roster.meeting_state == "planned" or roster.meeting.when is None:
        raise Refused("registration_not_open", "Mødet har ikke fået en dato endnu, så tilmeldingen er ikke åben.")
    _require_changeable(roster, now)
    last = roster.last_day_to_register
    if last is not None and now >= start_of_day(day_after(last)):
        raise Refused("registration_closed", f"Tilmeldingen til mødet lukkede den {short_day(last)}.")


def why_closed(roster: Roster, now: datetime) -> str | None:
    """Why nobody can be registered now, in Danish; None when it is open."""
    try:
        require_open(roster, now)
    except Refused as refused:
        return refused.detail
    return None


def is_changeable(roster: Roster, now: datetime) -> bool:
    """Whether who has a seat may still leave it to another, or to nobody."""
    return roster.meeting_state != "cancelled" and not _is_over(roster, now)


def require_roster(roster: Roster | None) -> Roster:
    if roster is None:
        raise Refused("unknown_meeting", "Mødet findes ikke i forløbet.", status=404, field="meeting_id")
    return roster


def _is_over(roster: Roster, now: datetime) -> bool:
    """Held, as its owner told or because its last day in Denmark is gone."""
    when = roster.meeting.when
    return roster.meeting_state == "held" or (
        roster.meeting_state == "scheduled" and when is not None and now >= start_of_day(day_after(when.last_day))
    )


def _decided(before: Roster, after: Roster) -> Decision[Roster]:
    """With what others are told of the difference, in the order in which it happened."""
    if after.seats == before.seats:
        return Decision(after)
    about = _about(after)
    earlier, later = {seat.number: seat for seat in before.seats}, {seat.number: seat for seat in after.seats}
    facts: list[RosterFact] = [
        ParticipantCancelled(**about, person=seat.person) for number, seat in earlier.items() if number not in later
    ]
    facts += [
        ParticipantRegistered(**about, person=seat.person, extra=seat in after.extras, level=seat.level)
        for number, seat in later.items()
        if number not in earlier
    ]
    facts += [
        ParticipantReplaced(**about, person=seat.person, previous=earlier[number].person, level=seat.level)
        for number, seat in later.items()
        if number in earlier and seat != earlier[number]
    ]
    facts += _extras_told(before, after, about)
    return Decision(after, tuple(facts))


def _about(roster: Roster) -> dict[str, Any]:
    """What every fact about it begins with."""
    enrolment, ref = roster.enrolment, roster.programme.ref
    return {
        "owner": ref.owner,
        "programme": ref,
        "enrolment_id": enrolment.id,
        "organisation": enrolment.organisation,
        "contact": enrolment.known_contact,
        "meeting": roster.meeting,
    }


def _extras_told(before: Roster, after: Roster, about: dict[str, Any]) -> list[RosterFact]:
    """The extras that are told as added or removed are exactly those that came or went."""
    facts: list[RosterFact] = [
        ExtraParticipantRemoved(**about, person=seat.person, reason="cancelled")
        for seat in before.extras
        if after.seat_of(seat.person.person_id) is None
    ]
    facts += [ExtraParticipantRemoved(**about, person=person, reason="moved_in") for person in moved_in(before, after)]
    terms = after.terms.extra if after.terms else None
    were = {seat.person.person_id for seat in before.extras}
    if terms is not None:
        facts += [
            ExtraParticipantAdded(
                **about,
                person=seat.person,
                billing=paid_by(after, seat),
                terms=terms,
                own_billing=seat.billing is not None,
                billing_missing=lacking_for(after, seat),
            )
            for seat in after.extras
            if seat.person.person_id not in were
        ]
    return facts


def _require_changeable(roster: Roster, now: datetime) -> None:
    if roster.meeting_state == "cancelled":
        raise Refused("meeting_cancelled", "Mødet er aflyst.")
    if _is_over(roster, now):
        raise Refused("meeting_held", "Mødet er afholdt, så tilmeldingerne kan ikke ændres.")


def _require_level(roster: Roster, level: str | None) -> None:
    if level is not None and level not in roster.levels:
        there = f"Her kan svares: {'; '.join(roster.levels)}." if roster.levels else "Forløbet spørger ikke om det."
        raise Refused("unknown_level", f"»{level[:60]}« er ikke et af svarene. {there}", status=422, field="level")


def _require_new(roster: Roster, person: Person) -> None:
    if roster.seat_of(person.person_id) is not None:
        raise Refused(
            "already_registered", f"{person.name} ({person.email}) er allerede tilmeldt mødet.", field="email"
        )


def _require_price(roster: Roster, accepted_price_ore: int | None) -> None:
    extra = roster.next_costs
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
