"""Somebody's own place on a standing team, by the link in the mail that told them of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import enrolments, links, meetings, needs, programmes, teams
from services.enrollment.domain.needs import Needs
from services.enrollment.domain.programme import PEOPLE_AFTER, is_over
from services.enrollment.domain.team import Member, Team
from services.enrollment.domain.team_meetings import TeamMeetings
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from services.enrollment.usecases.read_seat import ClosedLink
from shared.base.passes import Reader
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """`path` and `person_id` are those of whoever the link was given to; no `member` = they are not on it any more."""

    path: str
    person_id: str
    team: Team
    member: Member | None
    meetings: TeamMeetings
    now: datetime
    needs: Needs | None = None
    """What is kept of theirs: only they are shown it."""
    mark: str = ""
    """Of what is kept."""
    own_page: str = ""
    """Where all of their meetings are."""
    generation: int = 0
    """Of the link."""


async def read_place(tx: Tx, token: str) -> OwnPlace | ClosedLink | None:
    """None for a link that is none of ours, or has ended: a year after its programme."""
    placed = links.place_of(tx.links, token, tx.now)
    enrolment = await enrolments.load(tx, placed.enrolment_id) if placed else None
    if placed is None or enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    if enrolment.has_closed_own(placed.person_id, placed.generation):
        return ClosedLink(programme.terms, enrolment.organisation)
    team = await teams.load(tx, programme, enrolment)
    member = team.member(placed.person_id)
    held = member is not None and member.number == placed.number and enrolment.has_place
    kept = await needs.load_of_team(tx, team.id, placed.person_id) if held else None
    return OwnPlace(
        path=links.place_path(tx.links, placed),
        person_id=placed.person_id,
        team=team,
        member=member if held else None,
        meetings=await load_team_meetings(tx, team),
        now=tx.now,
        own_page=links.own_page_path(tx.links, Reader("participant", team.id, placed.person_id, placed.generation)),
        needs=kept,
        mark=needs.kept_mark(tx, kept, team.id, placed.person_id),
        generation=placed.generation,
    )
