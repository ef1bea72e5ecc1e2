"""All that is somebody's in a programme, by a link of their own: meetings, their team, what they are a guest at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.adapters import enrolments, guests, links, meetings, needs, programmes, rosters, teams
from services.enrollment.adapters.links import Invited, Placed, Seated
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import PEOPLE_AFTER, Programme, is_over
from services.enrollment.domain.roster import Roster, Seat
from services.enrollment.domain.team import Member, Team, team_terms
from services.enrollment.domain.team_meetings import TeamMeetings
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from services.enrollment.usecases.read_seat import ClosedLink
from shared.base.passes import Reader
from shared.contracts.parties import Person
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class OwnSeat:
    """`path` is the page of this seat: passed on, left, and what is needed there."""

    path: str
    roster: Roster
    seat: Seat


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """On a standing team: `path` is the page of the place; `meetings` are all that it is for. `kept`: needs are."""

    path: str
    team: Team
    member: Member
    meetings: TeamMeetings
    kept: bool


@dataclass(frozen=True, slots=True)
class OwnVisit:
    """What they are a guest at: `path` is the page of it."""

    path: str
    copy: MeetingCopy


@dataclass(frozen=True, slots=True)
class OwnPage:
    """`path` is the reader's secret; nobody else is shown on it. Whoever has nothing (any more) has no `person`."""

    path: str
    calendar_path: str | None
    programme: Programme
    enrolment: Enrolment | None
    """None = of a guest."""
    person: Person | None
    seats: tuple[OwnSeat, ...]
    place: OwnPlace | None
    visits: tuple[OwnVisit, ...]
    now: datetime


async def read_own_page(tx: Tx, token: str) -> OwnPage | ClosedLink | None:
    """None for a link that is none of ours, or has ended: a year after its programme."""
    reader = links.own_page_of(tx.links, token, tx.now)
    if reader is None:
        return None
    enrolment = None if reader.role == "guest" else await enrolments.load(tx, reader.of)
    if enrolment is not None:
        programme: Programme | None = await programmes.load_of(tx, enrolment)
    else:
        programme = await programmes.load(tx, reader.of) if reader.role == "guest" else None
    if programme is None or is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    if enrolment is not None and enrolment.has_closed_own(reader.person_id, reader.generation):
        return ClosedLink(programme.terms, enrolment.organisation)
    if enrolment is None:
        return await _of_guest(tx, reader, programme)
    return await _of_participant(tx, reader, programme, enrolment)


async def _of_guest(tx: Tx, reader: Reader, programme: Programme) -> OwnPage | ClosedLink:
    guest = await guests.load_in_programme(tx, programme.id, reader.person_id)
    if guest is not None and guest.has_closed(reader.generation):
        return ClosedLink(programme.terms)
    person = guest.person if guest else None
    visits = await _visits(tx, programme, person.email) if person else ()
    return _page(tx, reader, programme, None, person, (), None, visits)


async def _of_participant(tx: Tx, reader: Reader, programme: Programme, enrolment: Enrolment) -> OwnPage:
    found: Sequence[Roster] = ()
    if enrolment.has_place:
        found = await rosters.load_of_person(tx, programme, enrolment, reader.person_id)
    held = [(one, seat) for one in found if (seat := one.seat_of(reader.person_id)) is not None]
    seats = tuple(
        OwnSeat(
            links.seat_path(
                tx.links, Seated(enrolment.id, reader.person_id, seat.number, one.meeting.id, reader.generation)
            ),
            one,
            seat,
        )
        for one, seat in held
    )
    place = await _place(tx, reader, programme, enrolment)
    person = place.member.person if place else held[0][1].person if held else None
    # The link of a place that a client put in is the client's too: it opens nothing that others put in.
    visits = await _visits(tx, programme, person.email) if person and not enrolment.by_client else ()
    whole = reader._replace(role="mailbox") if visits else reader._replace(role="participant")
    return replace(_page(tx, whole, programme, enrolment, person, seats, place, visits), path=_path(tx, reader))


async def _place(tx: Tx, reader: Reader, programme: Programme, enrolment: Enrolment) -> OwnPlace | None:
    if not enrolment.has_place or not team_terms(enrolment):
        return None
    team = await teams.load(tx, programme, enrolment)
    member = team.member(reader.person_id)
    if member is None:
        return None
    return OwnPlace(
        links.place_path(tx.links, Placed(enrolment.id, reader.person_id, member.number, reader.generation)),
        team,
        member,
        await load_team_meetings(tx, team),
        await needs.load_of_team(tx, team.id, reader.person_id) is not None,
    )


async def _visits(tx: Tx, programme: Programme, email: str) -> tuple[OwnVisit, ...]:
    invited = await guests.load_of_mailbox(tx, programme.id, email)
    copies = await meetings.load_many(tx, [one.meeting_id for one in invited])
    return tuple(
        OwnVisit(
            links.guest_path(tx.links, Invited(one.person.person_id, one.meeting_id, one.generation)),
            copies[one.meeting_id],
        )
        for one in invited
    )


def _page(
    tx: Tx,
    reader: Reader,
    programme: Programme,
    enrolment: Enrolment | None,
    person: Person | None,
    seats: tuple[OwnSeat, ...],
    place: OwnPlace | None,
    visits: tuple[OwnVisit, ...],
) -> OwnPage:
    calendar = links.calendar_path(tx.links, reader, tx.now) if person else None
    return OwnPage(_path(tx, reader), calendar, programme, enrolment, person, seats, place, visits, tx.now)


def _path(tx: Tx, reader: Reader) -> str:
    return links.own_page_path(tx.links, reader)
