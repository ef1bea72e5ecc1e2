"""A later version of a programme is for whoever comes after it: what was agreed, opened and counted stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.read_programmes import read_programme, read_programmes
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.contracts.enrollment import (
    ExtraParticipantAdded,
    InvitationReminderDue,
    InviteMunicipalities,
    MunicipalityEnrolled,
    MunicipalityInvited,
    RegisterParticipant,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up

ODENSE = "0461"


def later(*changes: tuple[str, str], version: int = 2) -> str:
    """The file with other words in it, each of which must be there."""
    text = programme_text()
    for before, after in (("version: 1", f"version: {version}"), *changes):
        assert before in text, before
        text = text.replace(before, after)
    return text


def with_places(most: int, version: int) -> str:
    capacity = f"  capacity: {{usual: {most}, hard: {most}, when_full: refuse}}\n  contact_label:"
    return later(("  contact_label:", capacity), version=version)


async def enrolled(desk: Desk, code: str) -> str:
    (outcome,) = await desk.enrol(sign_up(code))
    return outcome.code if isinstance(outcome, Refused) else "enrolled"


async def test_fees_seats_prices_and_group_are_those_of_the_day_of_the_place(desk: Desk) -> None:
    enrolment = await desk.has_enrolled(AARHUS)
    meeting = await desk.has_meeting()
    for name in ("Anna", "Bo", "Carla"):
        await desk.register(enrolment, meeting.id, name)
    await desk.publish(
        later(
            ("total: 19500", "total: 25000"),
            ("amount: 19500", "amount: 25000"),
            ("included: 3", "included: 2"),
            ("extra_price: 1000", "extra_price: 2000"),
            ("regions: [Region Nordjylland, Region Midtjylland, Region Syddanmark]", "regions: [Region Sjælland]"),
            ("regions: [Region Hovedstaden, Region Sjælland]", "regions: &x"),
        )
        .replace(
            "regions: &x", "regions: [Region Hovedstaden, Region Nordjylland, Region Midtjylland, Region Syddanmark]"
        )
        .replace("expected: 52", "expected: 17")
        .replace("expected: 46", "expected: 81")
    )
    await desk.told()

    (roster,) = (await desk.read(read_rosters, enrolment_id=enrolment))["meetings"]
    assert (roster["included"], roster["next_price_ore"]) == (3, 100_000)
    await desk.register(enrolment, meeting.id, "Ditlev", price=100_000)
    (added,) = [one for one in await desk.told() if isinstance(one, ExtraParticipantAdded)]
    assert (added.terms.price_ore, added.person.name) == (100_000, "Ditlev")
    assert (await desk.read(read_enrolment, enrolment_id=enrolment))["group"] == "vest"

    # Whoever comes after it comes on its terms.
    assert await enrolled(desk, ODENSE) == "enrolled"
    (fact,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert [fee.amount_ore for fee in fact.fees] == [2_500_000]
    assert {seat.included for seat in fact.seats} == {2}
    assert fact.group == "oest"


async def test_places_and_numbers_go_on_and_are_never_more_than_the_newest_version_has(desk: Desk) -> None:
    await desk.publish(with_places(3, 1))
    for code in (AARHUS, HVIDOVRE):
        assert await enrolled(desk, code) == "enrolled"
    await desk.publish(with_places(1, 2))
    found = await desk.read(read_programme, programme_id=P1)
    assert (found["places_taken"], found["places"]) == (2, 1)
    (listed,) = (await desk.read(read_programmes))["programmes"]
    assert (listed["places_taken"], listed["places"]) == (2, 1)
    assert await enrolled(desk, KOEBENHAVN) == "programme_full"
    (one, *_) = [row["id"] for row in await desk.pool.fetch("SELECT id FROM enrolments ORDER BY number")]
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=one))
    # The place that is free again is none that this version has.
    assert await enrolled(desk, KOEBENHAVN) == "programme_full"
    await desk.publish(with_places(2, 3))
    assert await enrolled(desk, KOEBENHAVN) == "enrolled"
    await desk.publish(later(version=4))
    assert await enrolled(desk, AARHUS) == "enrolled"
    numbers = [row["number"] for row in await desk.pool.fetch("SELECT number FROM enrolments ORDER BY number")]
    assert numbers == [2, 3, 4]


async def test_registration_and_levels_follow_the_newest_version_and_seats_stay(desk: Desk) -> None:
    enrolment = await desk.has_enrolled(AARHUS)
    meeting = await desk.has_meeting()
    seat = {"enrolment_id": enrolment, "meeting_id": meeting.id, "email": "anna@k0751.example"}
    await desk.ask(register_participant, RegisterParticipant(**seat, name="Anna", level="Leder af ledere"))
    await desk.publish(later(("closes_days_before: 3", "closes_days_before: 30"), ("Leder af ledere", "Øverste leder")))
    desk.time = datetime(2021, 3, 20, 8, tzinfo=UTC)
    (roster,) = (await desk.read(read_rosters, enrolment_id=enrolment))["meetings"]
    assert (roster["open"], roster["last_day_to_register"]) == (False, "2021-03-16")
    assert [one["level"] for one in roster["participants"]] == ["Leder af ledere"]
    await desk.publish(later(("closes_days_before: 3", "closes_days_before: 1"), version=3))
    assert (await desk.register(enrolment, meeting.id, "Bo"))["registered"] == 2


async def test_a_kind_of_meeting_that_nobody_agreed_on_has_no_seats_for_them(desk: Desk) -> None:
    enrolment = await desk.has_enrolled(AARHUS)
    meeting = await desk.has_meeting(kind="webinar", group=None)
    webinar = "  - {key: webinar, title: Webinar, included: 5}\n  - key: heldag\n    title: Heldagsmøde\n"
    await desk.publish(later(("  - key: heldag\n    title: Heldagsmøde\n", webinar)))
    command = RegisterParticipant(enrolment_id=enrolment, meeting_id=meeting.id, name="Bo", email="bo@k0751.example")
    assert (await desk.refusal(register_participant, command)).code == "no_registration"
    (outcome,) = await desk.enrol(sign_up(ODENSE))
    assert isinstance(outcome, Answer)
    await desk.register(outcome.body["enrolment_id"], meeting.id, "Carla")


@pytest.mark.parametrize("round_is_out", [True, False])
async def test_a_round_that_is_out_keeps_its_reminder_and_nobody_is_invited_again(
    desk: Desk, *, round_is_out: bool
) -> None:
    await desk.publish()
    await desk.knows(AARHUS, main_email="post@k0751.example")
    if round_is_out:
        await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    moved = ("invite_on: 2020-06-15, remind_on: 2020-08-10", "invite_on: 2020-06-22, remind_on: 2020-08-03")
    await desk.publish(later(moved))
    await desk.told()
    told: list[tuple[str, str]] = []
    for day in ("2020-06-15", "2020-06-22", "2020-08-03", "2020-08-10"):
        desk.time = datetime.fromisoformat(f"{day}T07:00:00+00:00")
        await desk.ring()
        told += [
            (day, type(one).__name__)
            for one in await desk.told()
            if isinstance(one, MunicipalityInvited | InvitationReminderDue)
        ]
    assert told == (
        [("2020-08-10", "InvitationReminderDue")]
        if round_is_out
        else [("2020-06-22", "MunicipalityInvited"), ("2020-08-03", "InvitationReminderDue")]
    )
