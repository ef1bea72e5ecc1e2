"""Who is on an organisation's standing team, as far as letters go: meant by every meeting of the team's kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifications.domain.closed_links import Closed, Led, Whose
from services.notifications.domain.text import address_key, storable
from shared.contracts.enrollment import TeamFact
from shared.contracts.parties import Person

Place = Whose


@dataclass(frozen=True, slots=True)
class Member:
    """`person` is on the team, or no longer is, since the time of the fact that says so."""

    fact: TeamFact
    person: Person
    since: datetime
    takes_part: bool
    place_path: str | None = None
    own_path: str | None = None
    """Of the page with all that is theirs; None = a version or a system that tells none."""
    quiet: bool = False
    """Not to be invited to what had its date by then."""

    @property
    def place(self) -> Place:
        return storable(self.fact.enrolment_id), storable(self.person.person_id)

    @property
    def address(self) -> str:
        return address_key(self.person.email)


@dataclass(frozen=True, slots=True)
class Known:
    """How somebody was known before, on the team or no longer: since when, and where their own pages are."""

    since: datetime
    place_path: str | None = None
    own_path: str | None = None


def follow_members(
    told: Iterable[Member], known: Mapping[Place, Known], closed: Mapping[Whose, Closed]
) -> dict[Place, Member]:
    """Each as the last fact about them says; its time never goes back, and its paths are the last that were told, by
    what is `closed` of them.
    """
    after: dict[Place, Member] = {}
    for one in (_led(one, closed.get(one.place)) for one in told):
        before = after.get(one.place) or known.get(one.place)
        after[one.place] = (
            one
            if before is None
            else replace(
                one,
                since=max(before.since, one.since),
                place_path=one.place_path or before.place_path,
                own_path=one.own_path or before.own_path,
            )
        )
    return after


def _led(one: Member, closed: Closed | None) -> Member:
    if closed is None:
        return one
    place_path, own_path = closed.place(one.since, Led(one.place_path, one.own_path))
    return replace(one, place_path=place_path, own_path=own_path)
