"""A municipality gets its place."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.contracts.enrollment import EnrolmentWithdrawn, MunicipalityEnrolled, WithdrawEnrolment
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up

EAN = "5798000000001"


async def test_the_fact_carries_the_terms_and_the_billing(desk: Desk) -> None:
    await desk.publish()
    await desk.ask(
        put_organisation, PutOrganisation(code=AARHUS, billing=Billing(ean=EAN, order_reference="adressebog"))
    )
    await desk.told()
    (answer,) = await desk.enrol(sign_up(AARHUS, billing=Billing(order_reference="PO-1")))
    assert isinstance(answer, Answer)
    assert answer.body["status"] == "Plads bekræftet"
    (fact,) = await desk.told()
    assert isinstance(fact, MunicipalityEnrolled)
    assert fact.enrolment_id == enrolment_id(P1, AARHUS)
    assert (fact.fees[0].amount_ore, fact.fees[0].invoice_on.isoformat()) == (1_950_000, "2020-09-01")
    assert [(seat.kind, seat.included) for seat in fact.seats] == [("heldag", 3), ("digital", 3)]
    assert (fact.billing.ean, fact.billing.order_reference) == (EAN, "PO-1")
    assert fact.group == "vest"
    assert fact.participants_path is not None
    assert fact.participants_path.startswith("/deltagere/")


async def test_the_region_proposes_the_group_and_the_municipality_may_choose_another(desk: Desk) -> None:
    await desk.publish()
    await desk.enrol(sign_up(KOEBENHAVN), sign_up(HVIDOVRE, group="vest"))
    listed = (await desk.read(read_enrolments, programme_id=P1))["enrolments"]
    assert {one["organisation"]["code"]: one["group"] for one in listed} == {KOEBENHAVN: "oest", HVIDOVRE: "vest"}


async def test_one_bad_sign_up_among_many_fails_alone(desk: Desk) -> None:
    await desk.publish()
    outcomes = await desk.enrol(
        sign_up(AARHUS),
        sign_up("9999"),
        sign_up(KOEBENHAVN, contact_email="ingen adresse"),
        sign_up(AARHUS),
        sign_up(HVIDOVRE, programme_id="ukendt"),
        sign_up(HVIDOVRE, billing=Billing(ean="123")),
        sign_up(HVIDOVRE),
    )
    codes = [one.code if isinstance(one, Refused) else "ok" for one in outcomes]
    assert codes == [
        "ok", "unknown_organisation", "invalid_email", "already_enrolled", "unknown_programme", "invalid_ean", "ok",
    ]  # fmt: skip
    assert await desk.pool.fetchval("SELECT taken FROM programmes WHERE id = $1", P1) == 2
    assert await desk.pool.fetchval("SELECT count(*) FROM people") == 2


async def test_who_the_contact_is_is_told_to_nobody_who_signs_up_again(desk: Desk) -> None:
    await desk.has_enrolled(AARHUS)
    same, other = await desk.enrol(sign_up(AARHUS), sign_up(AARHUS, contact_email="bo@k0751.example"))
    assert isinstance(same, Refused)
    assert isinstance(other, Refused)
    assert (same.code, other.code) == ("already_enrolled", "already_enrolled")
    assert same.detail == other.detail
    assert "karen" not in same.detail.lower()


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (datetime(2020, 8, 21, 21, 59, 59, tzinfo=UTC), "ok"),
        (datetime(2020, 8, 21, 22, 0, tzinfo=UTC), "deadline_passed"),
    ],
)
async def test_the_deadline_ends_with_its_day_in_denmark(desk: Desk, now: datetime, outcome: str) -> None:
    await desk.publish()
    desk.time = now
    (answer,) = await desk.enrol(sign_up())
    assert (answer.code if isinstance(answer, Refused) else "ok") == outcome


async def test_a_withdrawn_municipality_may_enrol_again(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment, reason="Budgettet"))
    (fact,) = await desk.told()
    assert isinstance(fact, EnrolmentWithdrawn)
    assert (await desk.read(read_enrolment, enrolment_id=enrolment))["status"] == "Afmeldt"
    assert await desk.pool.fetchval("SELECT taken FROM programmes WHERE id = $1", P1) == 0
    again = await desk.refusal(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    assert again.code == "already_withdrawn"
    (answer,) = await desk.enrol(sign_up())
    assert isinstance(answer, Answer)
    assert answer.body["enrolment_id"] == enrolment


async def test_two_people_racing_for_one_municipality_leave_one_place_taken(desk: Desk) -> None:
    await desk.publish()
    await desk.told()
    outcomes = await asyncio.gather(
        *(desk.enrol(sign_up(contact_email=f"nr{number}@k0751.example")) for number in range(6))
    )
    assert sum(isinstance(one, Answer) for (one,) in outcomes) == 1
    assert len(await desk.told()) == 1


async def test_no_more_places_are_given_than_there_are(desk: Desk) -> None:
    text = programme_text("flere-i-arbejde")
    await desk.publish(text)
    desk.time = datetime(2016, 9, 1, 12, tzinfo=UTC)
    codes = [row["code"] for row in await desk.pool.fetch("SELECT code FROM organisations ORDER BY code LIMIT 14")]
    form = dict.fromkeys(await _required(desk), "x")
    outcomes = await asyncio.gather(
        *(desk.enrol(sign_up(code, programme_id="flere-i-arbejde", answers=form)) for code in codes)
    )
    states = [one.body["state"] for (one,) in outcomes if isinstance(one, Answer)]
    assert sorted(states) == ["enrolled"] * 12 + ["waitlisted"] * 2


async def _required(desk: Desk) -> list[str]:
    sql = "SELECT one->>'id' AS id FROM programmes, jsonb_array_elements(terms->'enrolment'->'form') AS one"
    return [row["id"] for row in await desk.pool.fetch(f"{sql} WHERE (one->>'required')::boolean")]
