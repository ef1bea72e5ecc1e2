"""One enrolment's people at one meeting: who has a seat, who is beyond the included ones, and at what price.

The order of the seats is (registered_at, number). Whoever stands after the included seats is extra, always and only
they: nothing about it is stored, so that a cancellation moves the next one in by itself. But once the last day is over
on which an extra seat is left for nothing, nobody moves in any more: a seat that becomes free is free for somebody
else, and an extra one that is left is billed all the same.

A rule takes the roster as it stands and decides how it stands afterwards, with the facts that tell the difference; or
it refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from services.enrollment.domain.billing import missing
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.meeting_copy import begins_at
from services.enrollment.domain.meeting_text import until_text
from services.enrollment.domain.own_paths import OwnPaths
from services.enrollment.domain.price_text import price
from services.enrollment.domain.programme import Programme, require_going_on
from services.enrollment.domain.status import MeetingState
from services.enrollment.domain.team import MEMBERS
from shared.contracts.danish import listed, long_day, short_day
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
    walked_in: bool = False
    """Came without being registered."""
    stays_extra: bool = False
    """Whatever becomes free before it: it was extra when somebody left after the last free day."""
    put_in_by: str | None = field(default=None, compare=False)
    """The actor whose wish it was that this person has it."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The seats in their order, of whom, and where. What was agreed about them is the enrolment's."""

    programme: Programme
    enrolment: Enrolment
    meeting: Meeting
    meeting_state: MeetingState
    seats: tuple[Seat, ...] = ()
    next_number: int = 1
    left_late: frozenset[int] = frozenset()
    """Numbers of the seats that have just been left and are billed all the same."""

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
        return self._may_be_included if self.limit is None else self._may_be_included[: self.limit]

    @property
    def extras(self) -> tuple[Seat, ...]:
        included = {seat.number for seat in self.included}
        return tuple(seat for seat in self.seats if seat.number not in included)

    @property
    def next_is_extra(self) -> bool:
        return self.limit is not None and len(self._may_be_included) >= self.limit

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

    @property
    def last_day_to_swap(self) -> date | None:
        """None = until the meeting begins, or nobody knows yet when that is."""
        return self._days_before(self.programme.terms.terms.swap_freeze_days)

    @property
    def last_free_day(self) -> date | None:
        """The last day on which an extra seat is left without being billed; None = until the meeting begins."""
        return self._days_before(self.terms.extra.free_until_days if self.terms and self.terms.extra else None)

    @property
    def _may_be_included(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if not seat.stays_extra)

    def _days_before(self, days: int | None) -> date | None:
        when = self.meeting.when
        return None if when is None or days is None else days_after(when.first_day, -days)

    def seat_of(self, person_id: str) -> Seat | None:
        return next((seat for seat in self.seats if seat.person.person_id == person_id), None)


def register(
    roster: Roster,
    person: Person,
    accepted_price_ore: int | None,
    now: datetime,
    level: str | None = None,
    *,
    billing: Billing | None = None,
    paths: OwnPaths | None = None,
    quiet: bool = False,
) -> Decision[Roster]:
    """A seat for `person`; who pays for it is kept where it costs something. `paths` are the person's own; `quiet`:
    nobody is written to for it.

    Refused when registration is not open, on a second seat for the same person, on a level that the programme does not
    have, when there is no price for one more, and when the price of an extra seat was not accepted (with `price_ore` in
    the answer).
    """
    require_open(roster, now)
    require_level(roster.levels, level)
    _require_new(roster, person)
    if roster.next_is_extra:
        _require_price(roster, accepted_price_ore)
    own = billing if roster.next_is_extra and billing != roster.enrolment.billing else None
    seat = Seat(person, _in_turn(roster, now), roster.next_number, level, own)
    return _seated(roster, seat, paths, quiet=quiet)


def walk_in(roster: Roster, person: Person, now: datetime, level: str | None = None) -> Decision[Roster]:
    """`person` came without being registered, and has the next seat; an extra one is billed without being asked.

    Refused before the meeting begins, and where there is no price for one more. Of a programme that is called off what
    was held is still written down, and nothing else.
    """
    if not _is_over(roster, now):
        require_going_on(roster.programme)
    _require_seats(roster)
    if roster.meeting_state == "cancelled":
        raise _meeting_cancelled()
    if not has_begun(roster, now):
        raise Refused("meeting_not_begun", "Mødet er ikke begyndt. Tilmeld deltageren, som I plejer.")
    require_level(roster.levels, level)
    _require_new(roster, person)
    if roster.full:
        raise _no_more_seats(roster)
    return _seated(roster, Seat(person, _in_turn(roster, now), roster.next_number, level, walked_in=True))


def cancel(roster: Roster, person_id: str, now: datetime, *, by_participant: bool = False) -> Decision[Roster]:
    """The seat is free again; if it was an included one, the first of the extras moves in.

    After the last free day nobody moves in, and an extra seat is billed all the same.
    """
    _require_changeable(roster, now)
    gone = _require_seat(roster, person_id)
    left = replace(roster, seats=tuple(seat for seat in roster.seats if seat is not gone))
    after = _late(roster, left) if is_late(roster, now) else left
    return _decided(roster, after, by_participant=by_participant)


def replace_participant(
    roster: Roster,
    person_id: str,
    person: Person,
    now: datetime,
    level: str | None = None,
    *,
    paths: OwnPaths | None = None,
    by_participant: bool = False,
) -> Decision[Roster]:
    """`person` takes over the seat and its place in the order, but not the level; an extra seat stays an extra one.

    They may be who has it, written otherwise: a slip of the pen is put right, and the place in the order is kept, also
    when seats are no longer passed on.
    """
    _require_changeable(roster, now)
    require_level(roster.levels, level)
    seat = _require_seat(roster, person_id)
    taken_over = replace(seat, person=person, level=level)
    if person.person_id != person_id:
        _require_swaps(roster, now)
    if taken_over == seat or person.person_id != person_id:
        _require_new(roster, person)
    after = replace(roster, seats=tuple(taken_over if one is seat else one for one in roster.seats))
    return _decided(roster, after, paths=paths, by_participant=by_participant)


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
    """Nobody comes to a meeting that has not begun when it is not, or no longer, for this enrolment.

    Whoever leaves the programme pays for extra seats as whoever leaves the meeting; who is moved to another group does
    not.
    """
    ours = roster.enrolment.has_place and roster.meeting.group in {None, roster.enrolment.group}
    if ours or not is_changeable(roster, now):
        return Decision(roster)
    left = replace(roster, seats=())
    gone_for_good = not roster.enrolment.has_place and is_late(roster, now)
    return _decided(roster, _late(roster, left) if gone_for_good else left)


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


def is_theirs(roster: Roster, called: frozenset[str]) -> bool:
    """Whether its organisation is shown the meeting: a member that comes to single ones those that it is invited to
    (`called`, by their ids).
    """
    of_members = roster.terms is not None and roster.terms.attendance == MEMBERS
    return not (roster.enrolment.ad_hoc and of_members) or roster.meeting.id in called


def is_by_name(roster: Roster) -> bool:
    """Whether people are registered for it one by one, now or when it has its date."""
    return roster.terms is not None and roster.terms.attendance == "registered" and not roster.meeting.roles


def who_comes(roster: Roster, team_size: int, now: datetime) -> str:
    """How many of theirs come, of how many; or who is invited instead, as people read it."""
    terms, meeting = roster.terms, roster.meeting
    if meeting.roles:
        return f"Kun for {listed(meeting.roles)}"
    if terms is None or terms.attendance in {"none", "contact"}:
        return "Der tilmeldes ikke deltagere"
    if terms.attendance in {"team", MEMBERS}:
        who = "Dem, I har navngivet" if terms.attendance == MEMBERS else "Jeres faste hold"
        return f"{who}: {'1 person' if team_size == 1 else f'{team_size} personer'}"
    return seats_used(roster, closed=why_closed(roster, now) is not None)


def seats_used(roster: Roster, *, closed: bool = False) -> str:
    """3 af 3 pladser brugt – næste koster …: what is read before anybody is registered. A closed one offers nothing."""
    if roster.terms and roster.terms.attendance == "team":
        return "Jeres faste hold inviteres"
    if roster.terms and roster.terms.attendance == MEMBERS:
        return "Dem, I navngiver, inviteres"
    if roster.limit is None:
        return f"{len(roster.seats)} tilmeldt"
    used = f"{len(roster.included)} af {roster.limit} pladser brugt"
    used += f" og {len(roster.extras)} ekstra" if roster.extras else ""
    if not roster.next_is_extra:
        return used
    extra = roster.next_costs
    return used if closed else f"{used} – " + ("næste koster " + price(extra) if extra else "der er ikke flere pladser")


def swap_text(roster: Roster) -> str | None:
    """Up to when a seat is passed on and left, as a sentence; None as long as the meeting has no date."""
    meeting, last = roster.meeting, roster.last_day_to_swap
    if meeting.when is None:
        return None
    if last is None or start_of_day(day_after(last)) > begins_at(meeting.when):
        return f"En deltager kan skiftes eller afmeldes {until_text(meeting.when)}."
    return f"En deltager kan skiftes til og med {long_day(last)}, og afmeldes {until_text(meeting.when)}."


def free_text(roster: Roster) -> str | None:
    """Up to when an extra seat is left without being billed; None where none is billed, or the meeting has no date."""
    meeting, last = roster.meeting, roster.last_free_day
    if meeting.when is None or roster.terms is None or roster.terms.extra is None:
        return None
    if last is None:
        return f"En ekstra plads kan afmeldes uden betaling {until_text(meeting.when)}."
    return f"En ekstra plads kan afmeldes uden betaling til og med {long_day(last)}. Derefter faktureres den."


def require_open(roster: Roster, now: datetime) -> None:
    """Raises Refused unless people may be registered for the meeting now."""
    _require_registration(roster)
    if roster.meeting_state == "planned" or roster.meeting.when is None:
        raise Refused("registration_not_open", "Mødet har ikke fået en dato endnu, så tilmeldingen er ikke åben.")
    if not roster.meeting.when.timed:
        _require_not_over(roster, now)
    else:
        _require_changeable(roster, now)
    last = roster.last_day_to_register
    if last is not None and now >= start_of_day(day_after(last)):
        raise Refused("registration_closed", f"Tilmeldingen til mødet lukkede den {short_day(last)}.")


def takes_people(roster: Roster) -> bool:
    """Whether people are registered for the meeting at all, be it now or once it has its date."""
    try:
        _require_registration(roster)
    except Refused:
        return False
    return roster.meeting_state in {"planned", "scheduled"}


def why_closed(roster: Roster, now: datetime) -> str | None:
    """Why nobody can be registered now, in Danish; None when it is open."""
    try:
        require_open(roster, now)
    except Refused as refused:
        return refused.detail
    return None


def is_changeable(roster: Roster, now: datetime) -> bool:
    """Whether who has a seat may still leave it; and to another, unless `swaps_closed`."""
    return roster.programme.open and roster.meeting_state != "cancelled" and not has_begun(roster, now)


def swaps_closed(roster: Roster, now: datetime) -> bool:
    """Whether the last day is over on which a seat is passed on."""
    last = roster.last_day_to_swap
    return last is not None and now >= start_of_day(day_after(last))


def is_late(roster: Roster, now: datetime) -> bool:
    """Whether the last day is over on which an extra seat is left without being billed."""
    last = roster.last_free_day
    return last is not None and now >= start_of_day(day_after(last))


def has_begun(roster: Roster, now: datetime) -> bool:
    """At its start; a meeting without clock times at 00:00 of its first day in Denmark."""
    when = roster.meeting.when
    under_way = roster.meeting_state == "scheduled" and when is not None and now >= begins_at(when)
    return under_way or _is_over(roster, now)


def is_past(roster: Roster, now: datetime) -> bool:
    """Whether nobody comes to the meeting any more: it is over, or cancelled."""
    return roster.meeting_state == "cancelled" or _is_over(roster, now)


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


def _in_turn(roster: Roster, now: datetime) -> datetime:
    """A clock that was set back never lets a later person in before one who already has a seat."""
    return max(now, roster.seats[-1].registered_at) if roster.seats else now


def _seated(roster: Roster, seat: Seat, paths: OwnPaths | None = None, *, quiet: bool = False) -> Decision[Roster]:
    after = replace(roster, seats=(*roster.seats, seat), next_number=roster.next_number + 1)
    return _decided(roster, after, paths=paths, quiet=quiet)


def _late(before: Roster, after: Roster) -> Roster:
    """Extra seats are billed from now on: of whoever has left, and of whoever stays while an included one is left."""
    extras, stay = {seat.number for seat in before.extras}, {seat.number for seat in after.seats}
    seats = after.seats
    if {seat.number for seat in before.included} - stay:
        seats = tuple(replace(seat, stays_extra=True) if seat.number in extras else seat for seat in seats)
    return replace(after, seats=seats, left_late=frozenset(extras - stay))


def _decided(
    before: Roster,
    after: Roster,
    *,
    paths: OwnPaths | None = None,
    by_participant: bool = False,
    quiet: bool = False,
) -> Decision[Roster]:
    """With what others are told of the difference, in the order in which it happened."""
    if after.seats == before.seats:
        return Decision(after)
    about = _about(after)
    earlier, later = {seat.number: seat for seat in before.seats}, {seat.number: seat for seat in after.seats}
    facts: list[RosterFact] = [
        ParticipantCancelled(
            **about,
            person=seat.person,
            by_participant=by_participant,
            still_billed=after.terms.extra if after.terms and number in after.left_late else None,
            free_until=after.last_free_day if number in after.left_late else None,
        )
        for number, seat in earlier.items()
        if number not in later
    ]
    facts += [
        ParticipantRegistered(
            **about,
            person=seat.person,
            extra=seat in after.extras,
            level=seat.level,
            walked_in=seat.walked_in,
            seat_path=paths and paths.one,
            own_path=paths and paths.all,
            quiet=quiet,
        )
        for number, seat in later.items()
        if number not in earlier
    ]
    facts += [
        ParticipantReplaced(
            **about,
            person=seat.person,
            previous=earlier[number].person,
            level=seat.level,
            seat_path=paths and paths.one,
            own_path=paths and paths.all,
            by_participant=by_participant,
        )
        for number, seat in later.items()
        if number in earlier and (seat.person, seat.level) != (earlier[number].person, earlier[number].level)
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
        if after.seat_of(seat.person.person_id) is None and seat.number not in after.left_late
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
                walked_in=seat.walked_in,
                free_until=None if seat.walked_in else after.last_free_day,
            )
            for seat in after.extras
            if seat.person.person_id not in were
        ]
    return facts


def _require_registration(roster: Roster) -> None:
    require_going_on(roster.programme)
    _require_seats(roster)


def _require_seats(roster: Roster) -> None:
    """Raises Refused where people are not registered for the meeting at all."""
    terms, group = roster.terms, roster.meeting.group
    if terms is None or terms.attendance != "registered" or roster.meeting.roles:
        raise Refused("no_registration", "Der tilmeldes ikke deltagere til dette møde.")
    if group is not None and group != roster.enrolment.group:
        raise Refused("other_group", "Mødet er for en anden gruppe end kommunens.")


def _require_not_over(roster: Roster, now: datetime) -> None:
    if roster.meeting_state == "cancelled":
        raise _meeting_cancelled()
    if _is_over(roster, now):
        raise Refused("meeting_held", "Mødet er afholdt, så tilmeldingerne kan ikke ændres.")


def _require_changeable(roster: Roster, now: datetime) -> None:
    require_going_on(roster.programme)
    _require_not_over(roster, now)
    if has_begun(roster, now):
        raise Refused("meeting_begun", "Mødet er begyndt, så tilmeldingerne kan ikke ændres.")


def _require_swaps(roster: Roster, now: datetime) -> None:
    last = roster.last_day_to_swap
    if last is not None and swaps_closed(roster, now):
        raise Refused("swaps_closed", f"Deltagere til mødet kunne skiftes til og med den {short_day(last)}.")


def _meeting_cancelled() -> Refused:
    return Refused("meeting_cancelled", "Mødet er aflyst.")


def _no_more_seats(roster: Roster) -> Refused:
    return Refused("no_more_seats", f"Alle {roster.limit} pladser er brugt, og der kan ikke købes flere.")


def require_level(levels: Sequence[str], level: str | None) -> None:
    """Refused 422 `unknown_level` for one that is not among those that the programme asks for."""
    if level is not None and level not in levels:
        there = f"Her kan svares: {'; '.join(levels)}." if levels else "Forløbet spørger ikke om det."
        raise Refused("unknown_level", f"»{level[:60]}« er ikke et af svarene. {there}", status=422, field="level")


def _require_new(roster: Roster, person: Person) -> None:
    if roster.seat_of(person.person_id) is not None:
        raise Refused(
            "already_registered", f"{person.name} ({person.email}) er allerede tilmeldt mødet.", field="email"
        )


def _require_price(roster: Roster, accepted_price_ore: int | None) -> None:
    extra = roster.next_costs
    if extra is None:
        raise _no_more_seats(roster)
    if accepted_price_ore != extra.price_ore:
        raise Refused(
            "extra_price_not_accepted",
            f"{seats_used(roster)}. Bekræft prisen for at tilmelde en ekstra deltager.",
            field="accepted_price_ore",
            price_ore=extra.price_ore,
            vat_percent=extra.vat_percent,
            free_until=roster.last_free_day.isoformat() if roster.last_free_day else None,
        )


def _require_seat(roster: Roster, person_id: str) -> Seat:
    seat = roster.seat_of(person_id)
    if seat is None:
        raise Refused("not_registered", "Deltageren er ikke tilmeldt mødet.", status=404, field="person_id")
    return seat
