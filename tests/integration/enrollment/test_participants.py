"""People take seats at meetings: register, cancel, swap, and what it is told to cost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.read_meetings import read_meetings
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeGroup,
    EnrolmentRegrouped,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    ParticipantRegistered,
    ParticipantReplaced,
    RegisterParticipant,
    ReplaceParticipant,
    WithdrawEnrolment,
)
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingCancelled, MeetingHeld, MeetingPlanned, MeetingScheduled
from tests.support.enrollment_desk import P1, Desk

PRICE = 100_000
NAMES = ("Anna", "Bo", "Carl", "Dorte", "Erik")


def cancelling(enrolment: str, meeting: str, person_id: str) -> CancelParticipant:
    return CancelParticipant(enrolment_id=enrolment, meeting_id=meeting, person_id=person_id)


async def registered(desk: Desk, count: int) -> tuple[str, str, list[str]]:
    """An enrolled municipality with the first `count` of NAMES at a meeting; told so far is forgotten."""
    enrolment = await desk.has_enrolled(billing=Billing(order_reference="PO-1"))
    meeting = (await desk.has_meeting()).id
    people = [(await desk.register(enrolment, meeting, name, PRICE))["person_id"] for name in NAMES[:count]]
    await desk.told()
    return enrolment, meeting, people


async def test_the_fourth_is_extra_and_the_fact_carries_all_that_an_invoice_needs(desk: Desk) -> None:
    enrolment, meeting, _ = await registered(desk, 3)
    answer = await desk.register(enrolment, meeting, "Dorte", PRICE)
    assert (answer["extra"], answer["registered"]) == (True, 4)
    first, second = await desk.told()
    assert isinstance(first, ParticipantRegistered)
    assert isinstance(second, ExtraParticipantAdded)
    assert (second.terms.price_ore, second.terms.vat_percent) == (PRICE, 25)
    assert second.billing.order_reference == "PO-1"
    assert second.subject.startswith("roster/")


async def test_an_id_of_a_person_tells_not_since_when_they_are_known(desk: Desk) -> None:
    _, _, people = await registered(desk, 2)
    known = await desk.pool.fetch("SELECT person_id FROM people")
    assert {UUID(row["person_id"]).version for row in known} == {4}
    assert set(people) <= {row["person_id"] for row in known}


async def test_the_price_must_have_been_accepted(desk: Desk) -> None:
    enrolment, meeting, _ = await registered(desk, 3)
    command = RegisterParticipant(enrolment_id=enrolment, meeting_id=meeting, name="Dorte", email="d@k.example")
    refused = await desk.refusal(register_participant, command)
    assert (refused.code, refused.extra["price_ore"]) == ("extra_price_not_accepted", PRICE)
    assert await desk.told() == []
    assert await desk.pool.fetchval("SELECT count(*) FROM people WHERE name = 'Dorte'") == 0


async def test_a_cancellation_moves_the_first_extra_in(desk: Desk) -> None:
    enrolment, meeting, people = await registered(desk, 5)
    await desk.ask(cancel_participant, cancelling(enrolment, meeting, people[0]))
    removed = [fact for fact in await desk.told() if isinstance(fact, ExtraParticipantRemoved)]
    assert [(fact.person.name, fact.reason) for fact in removed] == [("Dorte", "moved_in")]


async def test_cancelled_and_registered_again_is_the_same_person_at_the_end_of_the_order(desk: Desk) -> None:
    enrolment, meeting, people = await registered(desk, 4)
    await desk.ask(cancel_participant, cancelling(enrolment, meeting, people[0]))
    answer = await desk.register(enrolment, meeting, "Anna", PRICE)
    assert answer["person_id"] == people[0]
    listed = (await desk.read(read_rosters, enrolment_id=enrolment))["meetings"][0]
    assert [one["name"] for one in listed["participants"]] == ["Bo", "Carl", "Dorte", "Anna"]
    assert [one["extra"] for one in listed["participants"]] == [False, False, False, True]


async def test_a_colleague_takes_over_the_seat(desk: Desk) -> None:
    enrolment, meeting, people = await registered(desk, 4)
    swap = ReplaceParticipant(
        enrolment_id=enrolment, meeting_id=meeting, person_id=people[3], name="Frida", email="frida@k.example"
    )
    await desk.ask(replace_participant, swap)
    names = [type(fact).__name__ for fact in await desk.told()]
    assert names == ["ParticipantReplaced", "ExtraParticipantRemoved", "ExtraParticipantAdded"]


async def test_what_a_participant_says_to_be_is_kept_listed_and_told(desk: Desk) -> None:
    enrolment, meeting, _ = await registered(desk, 1)
    about = {"enrolment_id": enrolment, "meeting_id": meeting}
    wrong = RegisterParticipant(**about, name="Bo", email="bo@k.example", level="Borgmester")
    refused = await desk.refusal(register_participant, wrong)
    assert (refused.code, refused.status, refused.field) == ("unknown_level", 422, "level")
    assert "Leder af ledere" in refused.detail

    right = RegisterParticipant(**about, name="Bo", email="bo@k.example", level="Leder af ledere")
    bo = (await desk.ask(register_participant, right))["person_id"]
    (told,) = await desk.told()
    assert isinstance(told, ParticipantRegistered)
    assert told.level == "Leder af ledere"
    (roster,) = (await desk.read(read_rosters, enrolment_id=enrolment))["meetings"]
    assert [one["level"] for one in roster["participants"]] == [None, "Leder af ledere"]
    assert "Leder af ledere" in roster["levels"]

    swap = ReplaceParticipant(
        **about, person_id=bo, name="Carl", email="carl@k.example", level="Teamleder eller gruppeleder"
    )
    await desk.ask(replace_participant, swap)
    (told,) = await desk.told()
    assert isinstance(told, ParticipantReplaced)
    assert told.level == "Teamleder eller gruppeleder"


async def test_people_racing_for_the_last_included_seat_are_told_the_price(desk: Desk) -> None:
    enrolment, meeting, _ = await registered(desk, 2)

    async def attempt(name: str) -> str:
        try:
            return str((await desk.register(enrolment, meeting, name))["extra"])
        except Refused as refused:
            return refused.code

    outcomes = await asyncio.gather(*(attempt(f"Gæst {number}".replace("æ", "ae")) for number in range(5)))
    assert sorted(outcomes) == ["False", *["extra_price_not_accepted"] * 4]


@pytest.mark.parametrize(("fact", "code"), [(MeetingHeld, "meeting_held"), (MeetingCancelled, "meeting_cancelled")])
async def test_registration_closes_with_the_meeting(
    desk: Desk, fact: type[MeetingHeld | MeetingCancelled], code: str
) -> None:
    enrolment, meeting_id, people = await registered(desk, 1)
    copy = await desk.pool.fetchval("SELECT meeting::text FROM meetings")
    ref = await desk.pool.fetchval("SELECT (terms->'ref')::text FROM programmes WHERE id = $1", P1)
    held_on = '"held_on": "2021-04-15",' if fact is MeetingHeld else ""
    await desk.hear(
        fact.model_validate_json(
            f'{{{held_on} "owner": "/tovholder/scheduling", "programme": {ref}, "meeting": {copy}}}'
        )
    )
    with pytest.raises(Refused, match=code):
        await desk.register(enrolment, meeting_id, "Bo")
    assert (await desk.refusal(cancel_participant, cancelling(enrolment, meeting_id, people[0]))).code == code


async def test_registration_is_open_until_the_third_day_before_and_cancelling_until_the_meeting(desk: Desk) -> None:
    enrolment, meeting, people = await registered(desk, 1)
    desk.time = datetime(2021, 4, 12, 21, 59, tzinfo=UTC)
    await desk.register(enrolment, meeting, "Bo")
    desk.time = datetime(2021, 4, 12, 22, 0, tzinfo=UTC)
    with pytest.raises(Refused, match="registration_closed"):
        await desk.register(enrolment, meeting, "Carl")
    await desk.ask(cancel_participant, cancelling(enrolment, meeting, people[0]))


async def test_facts_about_meetings_of_an_unknown_programme_and_old_ones_do_no_harm(desk: Desk) -> None:
    await desk.publish()
    meeting = await desk.has_meeting()
    ref = await desk.pool.fetchval("SELECT (terms->'ref')::text FROM programmes WHERE id = $1", P1)
    text = f'{{"owner": "/tovholder/scheduling", "programme": {ref}, "meeting": {meeting.model_dump_json()}}}'
    scheduled = MeetingScheduled.model_validate_json(text)
    planned = MeetingPlanned.model_validate_json(text.replace(f'"{P1}"', '"ukendt"', 1).replace(meeting.id, "m-ukendt"))
    await desk.hear(planned, sequences=[1])
    await desk.hear(scheduled, sequences=[7])
    await desk.hear(MeetingPlanned.model_validate_json(text), sequences=[6])
    (listed,) = (await desk.read(read_meetings, programme_id=P1))["meetings"]
    assert listed["status"] == "Dato fastsat"


async def test_a_withdrawal_takes_everybody_off_the_rosters_to_come(desk: Desk) -> None:
    enrolment, _, _ = await registered(desk, 4)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    names = [type(fact).__name__ for fact in await desk.told()]
    assert sorted(names) == ["EnrolmentWithdrawn", "ExtraParticipantRemoved", *["ParticipantCancelled"] * 4]
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 0


async def test_a_withdrawal_after_the_meeting_leaves_its_roster_as_it_was(desk: Desk) -> None:
    enrolment, _, _ = await registered(desk, 4)
    desk.time = datetime(2021, 5, 1, 8, tzinfo=UTC)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    assert [type(fact).__name__ for fact in await desk.told()] == ["EnrolmentWithdrawn"]


async def test_another_group_means_other_meetings(desk: Desk) -> None:
    enrolment, meeting, _ = await registered(desk, 4)
    east = await desk.has_meeting(group="oest")
    await desk.ask(change_group, ChangeGroup(enrolment_id=enrolment, group="oest"))
    told = await desk.told()
    assert [type(fact).__name__ for fact in told][-1] == "EnrolmentRegrouped"
    assert isinstance(told[-1], EnrolmentRegrouped)
    assert (told[-1].previous_group, told[-1].group) == ("vest", "oest")
    assert sum(isinstance(fact, ExtraParticipantRemoved) for fact in told) == 1
    with pytest.raises(Refused, match="other_group"):
        await desk.register(enrolment, meeting, "Bo")
    await desk.register(enrolment, east.id, "Bo")
    assert (await desk.refusal(change_group, ChangeGroup(enrolment_id=enrolment, group="nord"))).code == "unknown_group"
    await desk.told()
    await desk.ask(change_group, ChangeGroup(enrolment_id=enrolment, group="oest"))
    assert await desk.told() == []


async def test_another_group_leaves_meetings_for_everybody_as_they_were(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting(group=None)
    await desk.register(enrolment, meeting.id, "Anna")
    await desk.told()
    await desk.ask(change_group, ChangeGroup(enrolment_id=enrolment, group="oest"))
    assert [type(fact).__name__ for fact in await desk.told()] == ["EnrolmentRegrouped"]
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 1


async def test_a_municipality_without_a_place_registers_nobody(desk: Desk) -> None:
    await desk.publish()
    meeting = await desk.has_meeting()
    with pytest.raises(Refused, match="unknown_enrolment"):
        await desk.register("ukendt", meeting.id, "Bo")
    enrolment = await desk.has_enrolled()
    with pytest.raises(Refused, match="unknown_meeting"):
        await desk.register(enrolment, "ukendt", "Bo")
