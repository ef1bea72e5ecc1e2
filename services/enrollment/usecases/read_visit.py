"""What a municipality's contact, or the contact's secretary, finds by the link in a mail: the meetings, and who comes
to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import (
    contacts,
    enrolments,
    links,
    meetings,
    member_meetings,
    organisations,
    programmes,
    seat_moves,
    teams,
)
from services.enrollment.adapters.links import Guest
from services.enrollment.adapters.rosters import load_of_meeting, load_page
from services.enrollment.domain.address_book import Unit
from services.enrollment.domain.contact import Speaker
from services.enrollment.domain.enrolment import Enrolment, book_is_for, require_enrolment
from services.enrollment.domain.explanation import Explanation, explain_roster, explain_team
from services.enrollment.domain.programme import PEOPLE_AFTER, Programme, is_over
from services.enrollment.domain.roster import Roster, Seat, seats_for
from services.enrollment.domain.secretary import lets_in, may
from services.enrollment.domain.team import Member, Team, members_for, team_terms
from services.enrollment.domain.team_meetings import TeamMeetings
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from shared.base.listing import page_of
from shared.storage.tx import Tx

ON_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Visit:
    """`speaker` is whom the link was given to, and stands in causes and audit; `path` is a secret of theirs.

    `let_in`: whoever the link was given to still is the contact, or the contact's secretary, of the place that it was
    given with.
    """

    path: str
    speaker: Speaker
    let_in: bool
    closed: bool
    """Whether the link is one of those that were closed."""
    now: datetime
    programme: Programme
    enrolment: Enrolment
    standing_path: str
    """Theirs too whom the link was given to: where options are ordered, and somebody else takes over."""
    rosters: tuple[Roster, ...]
    following: str | None
    """Cursor of the next page of meetings."""
    units: tuple[Unit, ...] = ()
    """Of the organisation, where somebody at the one meeting is, or may be, billed to another."""
    team: Team | None = None
    """None = it names none."""
    team_meetings: TeamMeetings | None = None
    """Those that it is invited to, if they were asked for."""
    called: frozenset[str] = frozenset()
    """The meetings that a member is invited to one by one, by their ids."""
    explained: Explanation | None = None
    """Of the one meeting that was named, or of the team, if that was asked for."""

    @property
    def members(self) -> tuple[Member, ...]:
        """Those that are shown."""
        return members_for(self.team, client=self.enrolment.by_client) if self.team else ()

    @property
    def handed_on(self) -> bool:
        """Whether somebody else is the contact by now."""
        return self.enrolment.is_signed_up and not self.enrolment.is_contact(self.speaker.person_id)

    def may(self, command: str) -> bool:
        """Whether the speaker may ask for the command of this name."""
        return not self.speaker.is_secretary or may(command)

    def seats(self, roster: Roster) -> tuple[Seat, ...]:
        """Those that are shown."""
        return seats_for(roster, client=self.enrolment.by_client)

    def roster(self, meeting_id: str) -> Roster | None:
        return next((one for one in self.rosters if one.meeting.id == meeting_id), None)


async def read_visit(
    tx: Tx, token: str, query: Mapping[str, str], meeting_id: str | None = None, *, explains_team: bool = False
) -> Visit | None:
    """With one meeting, if it is named and for the enrolment, else with a page of all of them.

    None for a link that is none of ours, or has ended: a year after its programme. Refused `unknown_enrolment` when
    what it is about is gone.
    """
    guest = links.participants_of(tx.links, token, tx.now)
    if guest is None:
        return None
    enrolment = require_enrolment(await enrolments.load(tx, guest.enrolment_id), tx.cause.client)
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    rosters, following = await _rosters(tx, programme, enrolment, query, meeting_id)
    team = await teams.load(tx, programme, enrolment) if team_terms(enrolment) else None
    explained = None
    if meeting_id is not None and rosters:
        explained = explain_roster(rosters[0], await seat_moves.load(tx, rosters[0].id), client=enrolment.by_client)
    elif explains_team and team is not None:
        explained = explain_team(team, await seat_moves.load(tx, team.id), client=enrolment.by_client)
    return Visit(
        path=links.participants_path(tx.links, guest),
        standing_path=links.standing_path(tx.links, guest),
        speaker=Speaker(guest.person_id, guest.turn is not None, guest.generation),
        let_in=await _lets_in(tx, enrolment, guest),
        closed=enrolment.has_closed(guest.person_id, guest.generation),
        now=tx.now,
        programme=programme,
        enrolment=enrolment,
        rosters=tuple(rosters),
        following=following,
        units=await _units(tx, enrolment)
        if meeting_id and any(one.next_costs or one.extras for one in rosters)
        else (),
        team=team,
        team_meetings=await load_team_meetings(tx, team) if explains_team and team is not None else None,
        called=await member_meetings.load(tx, enrolment.id) if enrolment.ad_hoc else frozenset(),
        explained=explained,
    )


async def _lets_in(tx: Tx, enrolment: Enrolment, guest: Guest) -> bool:
    if guest.turn is None:
        return enrolment.lets_in(guest.person_id, guest.number)
    history = await contacts.load_history(tx, enrolment.id)
    return lets_in(enrolment, history, guest.person_id, guest.number, guest.turn)


async def _units(tx: Tx, enrolment: Enrolment) -> tuple[Unit, ...]:
    """None to whoever may be another system."""
    if not book_is_for(enrolment, client=False, person=True):
        return ()
    entry = await organisations.load(tx, enrolment.organisation.code)
    return entry.units if entry else ()


async def _rosters(
    tx: Tx, programme: Programme, enrolment: Enrolment, query: Mapping[str, str], meeting_id: str | None
) -> tuple[Sequence[Roster], str | None]:
    if meeting_id is not None:
        roster = await load_of_meeting(tx, programme, enrolment, meeting_id)
        return ([] if roster is None else [roster]), None
    page = page_of(query, "visit", most=ON_A_PAGE)
    return page.cut(await load_page(tx, page, programme, enrolment))
