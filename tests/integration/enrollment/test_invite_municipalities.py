"""An invitation round, and the reminder to the silent ones."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.list_enrolments import list_enrolments
from services.enrollment.usecases.list_invitations import list_invitations
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.receive_sign_up import receive_sign_up
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    InvitationReminderDue,
    InviteMunicipalities,
    MunicipalityInvited,
    WithdrawEnrolment,
)
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, sign_up

ROUND = InviteMunicipalities(programme_id=P1, round_id="foraar-2020")
EVERYBODY = (AARHUS, HVIDOVRE, KOEBENHAVN)


@pytest.fixture(autouse=True)
async def addresses(desk: Desk) -> None:
    await desk.publish()
    for code in EVERYBODY:
        roles = {"borgmester": "borgmester@k.example", "direktør": f"POST@k{code}.example"} if code == AARHUS else {}
        await desk.ask(put_organisation, PutOrganisation(code=code, main_email=f"post@k{code}.example", roles=roles))
    await desk.told()


async def test_everyone_with_an_address_is_invited_at_each_address_once(desk: Desk) -> None:
    answer = await desk.ask(invite_municipalities, ROUND)
    facts = [fact for fact in await desk.told() if isinstance(fact, MunicipalityInvited)]
    assert answer["invited"] == 3
    assert len(answer["without_address"]) == 95
    assert [fact.organisation.name for fact in facts] == ["Hvidovre Kommune", "Københavns Kommune", "Aarhus Kommune"]
    assert [(one.role, one.email) for one in facts[2].to] == [
        ("hovedpostkasse", "post@k0751.example"),
        ("borgmester", "borgmester@k.example"),
    ]
    assert facts[0].deadline == date(2020, 8, 21)


async def test_the_same_round_again_invites_nobody_twice(desk: Desk) -> None:
    await desk.ask(invite_municipalities, ROUND)
    await desk.told()
    assert (await desk.ask(invite_municipalities, ROUND))["invited"] == 0
    assert await desk.told() == []


async def test_only_the_silent_ones_are_reminded_and_only_once(desk: Desk) -> None:
    await desk.ask(invite_municipalities, ROUND)
    await desk.enrol(sign_up(AARHUS))
    await desk.ask(receive_sign_up, sign_up(KOEBENHAVN))
    await desk.told()
    desk.time = datetime(2020, 8, 10, 6, 59, tzinfo=UTC)
    assert await desk.ring() == 0
    desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
    assert await desk.ring() == 1
    (reminder,) = await desk.told()
    assert isinstance(reminder, InvitationReminderDue)
    assert reminder.organisation.code == HVIDOVRE
    (listed,) = (await desk.read(list_invitations, programme_id=P1))["rounds"]
    assert (listed["invited"], listed["reminded"], listed["silent"]) == (3, 1, 1)


async def test_whoever_has_declined_is_not_reminded(desk: Desk) -> None:
    await desk.ask(invite_municipalities, ROUND)
    for code in EVERYBODY:
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, code)))
    await desk.told()
    desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
    await desk.ring()
    assert await desk.told() == []
    listed = (await desk.read(list_enrolments, programme_id=P1))["enrolments"]
    assert {one["status"] for one in listed} == {"Har takket nej"}


async def test_whoever_has_answered_is_not_invited_to_a_later_round(desk: Desk) -> None:
    await desk.enrol(sign_up(AARHUS))
    answer = await desk.ask(invite_municipalities, ROUND)
    assert answer["already_answered"] == [AARHUS]
    assert answer["invited"] == 2


async def test_a_reminder_in_the_past_and_a_round_after_the_deadline_are_refused(desk: Desk) -> None:
    past = InviteMunicipalities(programme_id=P1, round_id="foraar-2020", remind_on=date(2020, 5, 1))
    assert (await desk.refusal(invite_municipalities, past)).code == "reminder_in_the_past"
    desk.time = datetime(2020, 8, 21, 22, 0, tzinfo=UTC)
    assert (await desk.refusal(invite_municipalities, ROUND)).code == "deadline_passed"


async def test_nobody_is_reminded_after_the_deadline(desk: Desk) -> None:
    await desk.ask(invite_municipalities, ROUND)
    await desk.told()
    desk.time = datetime(2020, 8, 22, 8, tzinfo=UTC)
    await desk.ring()
    assert await desk.told() == []
