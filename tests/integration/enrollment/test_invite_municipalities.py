"""An invitation round, and the reminder to the silent ones."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolments
from services.enrollment.usecases.read_invitations import read_invitations
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    InvitationReminderDue,
    InviteMunicipalities,
    MunicipalityInvited,
    WithdrawEnrolment,
)
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up

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
    await desk.form(KOEBENHAVN, contact_email="stranger@elsewhere.example")
    desk.time = datetime(2020, 8, 10, 6, 59, tzinfo=UTC)
    await desk.ring()
    assert await desk.told() == []
    desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
    assert await desk.ring() == 1
    reminders = await desk.told()
    assert {type(one) for one in reminders} == {InvitationReminderDue}
    # A form that nobody has confirmed is no answer.
    assert [one.organisation.code for one in reminders if isinstance(one, InvitationReminderDue)] == [
        HVIDOVRE,
        KOEBENHAVN,
    ]
    (listed,) = (await desk.read(read_invitations, programme_id=P1))["rounds"]
    assert (listed["invited"], listed["reminded"], listed["silent"]) == (3, 2, 2)


async def test_whoever_has_declined_is_not_reminded(desk: Desk) -> None:
    await desk.ask(invite_municipalities, ROUND)
    for code in EVERYBODY:
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, code)))
    await desk.told()
    desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
    await desk.ring()
    assert await desk.told() == []
    listed = (await desk.read(read_enrolments, programme_id=P1))["enrolments"]
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


async def test_the_programmes_own_round_goes_out_at_nine_on_its_day_and_reminds_the_silent(desk: Desk) -> None:
    desk.time = datetime(2020, 6, 15, 6, 59, tzinfo=UTC)
    assert await desk.ring() == 0
    assert (await desk.read(read_invitations, programme_id=P1))["invites_at"] == "2020-06-15T07:00:00+00:00"
    desk.time = datetime(2020, 6, 15, 7, 0, tzinfo=UTC)
    assert await desk.ring() == 1
    facts = await desk.told()
    assert [type(fact) for fact in facts] == [MunicipalityInvited] * 3
    listed = await desk.read(read_invitations, programme_id=P1)
    assert (listed["invites_at"], listed["rounds"][0]["round_id"]) == (None, "2020-06-15")
    desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
    assert await desk.ring() == 1
    assert [type(fact) for fact in await desk.told()] == [InvitationReminderDue] * 3


async def test_nobody_gets_two_invitations_from_a_persons_round_and_the_programmes_own(desk: Desk) -> None:
    early = InviteMunicipalities(programme_id=P1, round_id="tidligt", organisation_codes=(AARHUS,))
    assert (await desk.ask(invite_municipalities, early))["invited"] == 1
    await desk.told()
    desk.time = datetime(2020, 6, 15, 7, 0, tzinfo=UTC)
    await desk.ring()
    assert {fact.organisation.code for fact in await desk.told() if isinstance(fact, MunicipalityInvited)} == {
        HVIDOVRE,
        KOEBENHAVN,
    }
    late = await desk.ask(invite_municipalities, ROUND)
    assert (late["invited"], sorted(late["already_invited"])) == (0, sorted(EVERYBODY))
    assert await desk.told() == []


async def test_a_day_that_went_by_is_left_to_a_person(desk: Desk) -> None:
    desk.time = datetime(2020, 6, 15, 22, 0, tzinfo=UTC)
    assert await desk.ring() == 1
    assert await desk.told() == []
    assert (await desk.ask(invite_municipalities, ROUND))["invited"] == 3


async def test_a_programme_published_after_its_day_invites_nobody_and_says_so(desk: Desk) -> None:
    await desk.publish(version(2, "2020-06-16"))
    desk.time = datetime(2020, 6, 17, 8, tzinfo=UTC)
    answer = await desk.publish(version(3, "2020-06-15"))
    assert answer["invites_at"] is None
    assert any("Dagen for invitationen" in finding for finding in answer["findings"])
    assert await desk.ring() == 0


async def test_a_programme_published_on_the_day_itself_invites_at_once(desk: Desk) -> None:
    desk.time = datetime(2020, 6, 14, 22, 0, tzinfo=UTC)
    await desk.publish(version(2, "2020-06-15"))
    assert await desk.ring() == 0
    desk.time = datetime(2020, 6, 15, 12, 0, tzinfo=UTC)
    await desk.publish(version(3, "2020-06-15"))
    await desk.told()
    assert await desk.ring() == 1
    assert len(await desk.told()) == 3


async def test_a_newer_version_moves_the_day(desk: Desk) -> None:
    answer = await desk.publish(version(2, "2020-07-01"))
    assert answer["invites_at"] == "2020-07-01T07:00:00+00:00"
    await desk.told()
    desk.time = datetime(2020, 6, 15, 8, tzinfo=UTC)
    assert await desk.ring() == 0
    desk.time = datetime(2020, 7, 1, 7, tzinfo=UTC)
    assert await desk.ring() == 1
    assert len(await desk.told()) == 3


def version(number: int, invite_on: str) -> str:
    text = programme_text().replace("version: 1", f"version: {number}")
    return text.replace("invite_on: 2020-06-15", f"invite_on: {invite_on}")
