"""An enrolment as staff see it: all that is known of it, and what leaving would mean for it now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.enrollment.adapters import (
    contacts,
    enrolments,
    member_meetings,
    orders,
    organisations,
    programmes,
    rosters,
    teams,
)
from services.enrollment.domain.address_book import Unit
from services.enrollment.domain.contact import holders
from services.enrollment.domain.enrolment import Enrolment, owed_by
from services.enrollment.domain.forbehold import last_day
from services.enrollment.domain.form import answered, declared
from services.enrollment.domain.invoice_details import invoiced_from, lacking
from services.enrollment.domain.options import Option, options_of
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Held, Role, roles_of
from services.enrollment.domain.roster import Roster
from services.enrollment.domain.secretary import secretary_of
from services.enrollment.domain.team import Team, team_terms
from services.enrollment.domain.team_meetings import TeamMeetings
from services.enrollment.usecases.load_standings import load_standings
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from shared.base.listing import page_of
from shared.contracts.enrollment import Answered
from shared.contracts.parties import Contact
from shared.contracts.programme import Owes
from shared.storage.tx import Tx

MEETINGS = 50
"""On a page."""


@dataclass(frozen=True, slots=True)
class EnrolmentPage:
    programme: Programme
    enrolment: Enrolment
    status: str
    position: int | None
    answers: tuple[Answered, ...]
    declarations: tuple[str, ...]
    missing: tuple[str, ...]
    """Of its invoices, by BILLING_DETAILS."""
    invoiced_from: date | None
    owes: Owes
    """Of the fee, if it leaves now."""
    held_until: date | None
    """The last day on which its open forbehold holds its place."""
    history: tuple[Held, ...]
    roles: tuple[Role, ...]
    secretary: Contact | None
    """Who helps the contact by links of their own."""
    options: tuple[Option, ...]
    rosters: tuple[Roster, ...]
    following: str | None
    """Cursor of the next page of meetings."""
    team: Team | None
    team_meetings: TeamMeetings | None
    """Only where the team is asked for."""
    called: frozenset[str]
    """The meetings that a member which comes to single ones is invited to."""
    units: tuple[Unit, ...]
    now: datetime

    def roster(self, meeting_id: str) -> Roster | None:
        return next((one for one in self.rosters if one.meeting.id == meeting_id), None)


async def read_enrolment_page(
    tx: Tx,
    programme_id: str,
    enrolment_id: str,
    query: Mapping[str, str],
    meeting_id: str | None = None,
    *,
    of_team: bool = False,
) -> EnrolmentPage | None:
    """With one meeting, if it is named and the programme's, else with a page of all of them. None where the programme
    has no such enrolment. Refused for a cursor that is none of ours.
    """
    one = await enrolments.load(tx, enrolment_id)
    if one is None or one.programme_id != programme_id:
        return None
    programme = await programmes.load_of(tx, one)
    history = await contacts.load_history(tx, one.id)
    standing = (await load_standings(tx, [one]))[one.id]
    shown, following = await _rosters(tx, programme, one, query, meeting_id)
    team = await teams.load(tx, programme, one) if team_terms(one) else None
    entry = await organisations.load(tx, one.organisation.code)
    plan = programme.terms.enrolment
    return EnrolmentPage(
        programme=programme,
        enrolment=one,
        status=standing.word,
        position=standing.position,
        answers=answered(plan, one.answers, one.asked),
        declarations=declared(plan, one.answers, one.asked),
        missing=lacking(one, programme) if one.is_signed_up else (),
        invoiced_from=invoiced_from(one) if one.has_place else None,
        owes=owed_by(one, tx.now),
        held_until=last_day(one, programme) if one.has_place and one.forbehold_open else None,
        history=tuple(holders(history, one)),
        roles=roles_of(one, programme, history),
        secretary=helper.holder if (helper := secretary_of(one, history)) else None,
        options=options_of(one, programme, await orders.load_newest(tx, one.id)),
        rosters=tuple(shown),
        following=following,
        team=team,
        team_meetings=await load_team_meetings(tx, team) if of_team and team is not None else None,
        called=await member_meetings.load(tx, one.id) if one.ad_hoc else frozenset(),
        units=entry.units if entry else (),
        now=tx.now,
    )


async def _rosters(
    tx: Tx, programme: Programme, one: Enrolment, query: Mapping[str, str], meeting_id: str | None
) -> tuple[Sequence[Roster], str | None]:
    if meeting_id is not None:
        roster = await rosters.load_of_meeting(tx, programme, one, meeting_id)
        return ([] if roster is None else [roster]), None
    if not one.has_place:
        return [], None
    page = page_of(query, "rosters", most=MEETINGS)
    return page.cut(await rosters.load_page(tx, page, programme, one))
