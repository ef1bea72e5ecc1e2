"""Who takes part in which meeting, for which organisation, as far as letters go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifications.domain.closed_links import Closed, Led, Whose
from services.notifications.domain.text import address_key, storable
from shared.contracts.enrollment import GuestFact, RosterFact
from shared.contracts.parties import Person

Seat = tuple[str, str, str]
"""Person, meeting, and enrolment; of a guest, who is of none, the subject of the fact."""


@dataclass(frozen=True, slots=True)
class Participant:
    """`person` takes part, or no longer does, since the time of the fact that says so."""

    fact: RosterFact | GuestFact
    person: Person
    since: datetime
    takes_part: bool
    seat_path: str | None = None
    """Of the page of the seat, or of what the guest comes to."""
    own_path: str | None = None
    """Of the page with all that is theirs; None = a version or a system that tells none."""
    quiet: bool = False
    """Not to be invited if the meeting had its date by then."""

    @property
    def seat(self) -> Seat:
        fact = self.fact
        of = fact.subject if isinstance(fact, GuestFact) else fact.enrolment_id
        return storable(self.person.person_id), storable(fact.meeting.id), storable(of)

    @property
    def whose(self) -> Whose:
        person, _, enrolment = self.seat
        return enrolment, person

    @property
    def as_guest(self) -> bool:
        return isinstance(self.fact, GuestFact)

    @property
    def organisation(self) -> str:
        """Who has them come: a guest is the organiser's."""
        fact = self.fact
        return fact.programme.seller.sender_name if isinstance(fact, GuestFact) else fact.organisation.name

    @property
    def address(self) -> str:
        return address_key(self.person.email)


@dataclass(frozen=True, slots=True)
class Known:
    """How a seat was known before, whether it was taken or given up: under which address, since when."""

    address: str
    since: datetime
    seat_path: str | None = None
    own_path: str | None = None


def follow_seats(
    told: Iterable[Participant], known: Mapping[Seat, Known], closed: Mapping[Whose, Closed]
) -> dict[Seat, Participant]:
    """Each seat as the last fact about it says; its time never goes back, and its paths are the last that were told, by
    what is `closed` of them.
    """
    after: dict[Seat, Participant] = {}
    for one in (_led(one, closed.get(one.whose)) for one in told):
        before = after.get(one.seat) or known.get(one.seat)
        after[one.seat] = (
            one
            if before is None
            else replace(
                one,
                since=max(before.since, one.since),
                seat_path=one.seat_path or before.seat_path,
                own_path=one.own_path or before.own_path,
            )
        )
    return after


def _led(one: Participant, closed: Closed | None) -> Participant:
    if closed is None:
        return one
    seat_path, own_path = closed.seat(one.seat[1], one.since, Led(one.seat_path, one.own_path))
    return replace(one, seat_path=seat_path, own_path=own_path)
