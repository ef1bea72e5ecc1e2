"""Which meetings a standing team is invited to, as far as they are known."""

from __future__ import annotations

from services.enrollment.adapters import meetings, member_meetings
from services.enrollment.domain.team import Team
from services.enrollment.domain.team_meetings import TeamMeetings, meetings_of
from shared.storage.tx import Tx


async def load_team_meetings(tx: Tx, team: Team) -> TeamMeetings:
    enrolment = team.enrolment
    called = await member_meetings.load(tx, enrolment.id) if enrolment.ad_hoc else frozenset()
    return meetings_of(team, await meetings.load_of_programme(tx, team.programme.id), called)
