"""Lists of programmes, organisations, enrolments, meetings, rosters and rounds, a page at a time."""

from __future__ import annotations

from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolments
from services.enrollment.usecases.read_invitations import read_invitations
from services.enrollment.usecases.read_meetings import read_meetings
from services.enrollment.usecases.read_organisations import read_organisations
from services.enrollment.usecases.read_programmes import read_programmes
from services.enrollment.usecases.read_rosters import read_rosters
from shared.contracts.enrollment import InviteMunicipalities
from tests.support.enrollment_desk import AARHUS, P1, Desk, programme_text, sign_up
from tests.support.paging import same_on_pages

OTHERS = ("0101", "0461", "0851", "0330")
MEMBERS = 17
"""Of the other programme, which names them."""


async def test_everything_comes_in_pages(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.publish(programme_text("hvidovre-ungepartnerskab"))
    assert await same_on_pages(desk, read_programmes, "programmes") == 2
    assert await same_on_pages(desk, read_organisations, "organisations") == 98
    await desk.enrol(*(sign_up(code) for code in OTHERS))
    assert await same_on_pages(desk, read_enrolments, "enrolments") == 1 + len(OTHERS) + MEMBERS
    assert await same_on_pages(desk, read_enrolments, "enrolments", programme_id=P1, state="enrolled") == 5
    assert await same_on_pages(desk, read_enrolments, "enrolments", organisation_code=AARHUS) == 1
    for kind, group in (("heldag", "vest"), ("temadag", None), ("webinar", "vest"), ("heldag", "oest")):
        await desk.has_meeting(kind=kind, group=group)
    assert await same_on_pages(desk, read_meetings, "meetings", programme_id=P1) == 4
    assert await same_on_pages(desk, read_rosters, "meetings", enrolment_id=enrolment) == 3
    for code in OTHERS:
        await desk.ask(put_organisation, PutOrganisation(code=code, main_email=f"post@k{code}.example"))
    for number in range(3):
        await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id=f"runde-{number}"))
    assert await same_on_pages(desk, read_invitations, "rounds", programme_id=P1) == 3
