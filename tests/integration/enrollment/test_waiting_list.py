"""Who gets a place and who waits: first come by time of receipt, and the next one moves up on every path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.enrollment.domain.waiting_list import PLACES
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.explain import explain
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.read_waiting_list import read_waiting_list
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    ChangeCapacity,
    EnrolmentReceived,
    EnrolmentWaitlisted,
    EnrolMunicipality,
    MunicipalityEnrolled,
    ProgrammeChanged,
    ResolveReservation,
    WithdrawEnrolment,
)
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from shared.storage.tx import AT_ONCE, Tx, transaction
from tests.support.enrollment_desk import P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.meeting_point import meet

BY_STAFF = Cause("c", None, "token/staff")


def with_places(usual: int, hard: int, *, version: int = 1, more: str = "", forbehold: str = "") -> str:
    text = programme_text().replace("version: 1", f"version: {version}", 1)
    capacity = f"  capacity: {{usual: {usual}, hard: {hard}{more}}}\n"
    if forbehold:
        capacity += f"  reservation_allowed: true\n  forbehold: {{{forbehold}}}\n"
    assert "  contact_label:" in text
    return text.replace("  contact_label:", f"{capacity}  contact_label:", 1)


async def codes_of(desk: Desk, count: int) -> list[str]:
    rows = await desk.pool.fetch(
        "SELECT code FROM organisations WHERE kind = 'municipality' ORDER BY code LIMIT $1", count
    )
    return [row["code"] for row in rows]


async def enrolled(desk: Desk, *asked: EnrolMunicipality) -> list[str]:
    """One after the other, a minute between them; the state of each, or why not."""
    states = []
    for one in asked:
        desk.time += timedelta(minutes=1)
        (outcome,) = await desk.enrol(one)
        states.append(outcome.code if isinstance(outcome, Refused) else outcome.body["state"])
    return states


async def waiting(desk: Desk, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = await desk.read(read_waiting_list, programme_id=P1, **query)
    return found


async def line(desk: Desk) -> list[str]:
    return [one["organisation"]["code"] for one in (await waiting(desk))["waiting"]]


async def id_of(desk: Desk, code: str) -> str:
    found = await desk.pool.fetchval("SELECT id FROM enrolments WHERE organisation_code = $1", code)
    assert isinstance(found, str)
    return found


async def withdraw(desk: Desk, code: str) -> dict[str, Any]:
    return await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, code)))


def places_told(told: Sequence[object]) -> list[tuple[str, bool]]:
    return [(one.organisation.code, one.from_waiting_list) for one in told if isinstance(one, MunicipalityEnrolled)]


async def test_beyond_the_usual_number_staff_are_told_and_beyond_the_hard_one_they_wait_in_order(desk: Desk) -> None:
    await desk.publish(with_places(1, 2))
    codes = await codes_of(desk, 4)
    assert await enrolled(desk, *map(sign_up, codes)) == ["enrolled", "enrolled", "waitlisted", "waitlisted"]
    told = await desk.told()
    assert [one.beyond_usual for one in told if isinstance(one, MunicipalityEnrolled)] == [False, True]
    assert [(one.organisation.code, one.number) for one in told if isinstance(one, EnrolmentWaitlisted)] == [
        (codes[2], 3),
        (codes[3], 4),
    ]
    assert await line(desk) == codes[2:]
    shown = (await desk.read(read_enrolments, programme_id=P1, state="waitlisted"))["enrolments"]
    assert {one["organisation"]["code"]: one["status"] for one in shown} == {
        codes[2]: "På venteliste (nr. 1)",
        codes[3]: "På venteliste (nr. 2)",
    }


async def test_whoever_waits_is_told_what_they_signed_up_with_as_whoever_has_a_place_is(desk: Desk) -> None:
    """The same in both: what was answered and declared, who pays, and the terms as they are now."""
    asks = "  form:\n    - {id: hvorfor, label: Hvorfor, kind: lines, max_lines: 5}\n"
    declared = "  declarations:\n    - {id: opbakning, text: Der er politisk opbakning.}\n"
    await desk.publish(with_places(1, 1).replace("  contact_label:", f"{asks}{declared}  contact_label:", 1))
    said = {"opbakning": "true", "hvorfor": "Fordi."}
    wishes = [sign_up(code, answers=said, billing=Billing(order_reference="PO-7")) for code in await codes_of(desk, 2)]
    assert await enrolled(desk, *wishes) == ["enrolled", "waitlisted"]
    told = await desk.told()
    (place,) = [one for one in told if isinstance(one, MunicipalityEnrolled)]
    (waits,) = [one for one in told if isinstance(one, EnrolmentWaitlisted)]
    for name in ("answers", "declared", "fees", "seats", "deadline", "withdrawal", "billing"):
        assert getattr(waits, name) == getattr(place, name), name
    assert (waits.declared, waits.answers[0].answer) == (("Der er politisk opbakning.",), "Fordi.")
    assert waits.fees
    assert waits.seats
    assert waits.billing is not None
    assert waits.billing.order_reference == "PO-7"


async def test_whoever_leaves_lets_the_next_one_move_up_and_it_is_said_why_nobody_more_does(desk: Desk) -> None:
    await desk.publish(with_places(1, 1))
    first, second, third = await codes_of(desk, 3)
    await enrolled(desk, *map(sign_up, (first, second, third)))
    await desk.told()
    answer = await withdraw(desk, first)
    assert [one["enrolment_id"] for one in answer["moved_up"]] == [await id_of(desk, second)]
    assert answer["why_no_more"] == "Den ene plads er taget."
    assert places_told(await desk.told()) == [(second, True)]
    assert await line(desk) == [third]
    # From the waiting list as well: nobody moves up, for no place is free.
    assert (await withdraw(desk, third))["moved_up"] == []
    assert (await withdraw(desk, second))["why_no_more"] == "Ingen står på ventelisten."
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 0


async def test_whoever_waits_comes_before_a_newcomer_also_where_a_version_before_freed_the_place(desk: Desk) -> None:
    await desk.publish(with_places(1, 1))
    first, second, third = await codes_of(desk, 3)
    await enrolled(desk, *map(sign_up, (first, second)))
    # As the version before does it: the place is free, and nobody moves up.
    await desk.pool.execute("UPDATE enrolments SET state = 'withdrawn' WHERE organisation_code = $1", first)
    await desk.pool.execute("UPDATE programmes SET taken = 0")
    assert await enrolled(desk, sign_up(third)) == ["waitlisted"]
    assert await line(desk) == [third]
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, second)))["state"] == "enrolled"


async def test_more_places_let_as_many_move_up_and_fewer_take_none_back(desk: Desk) -> None:
    await desk.publish(with_places(1, 1))
    codes = await codes_of(desk, 5)
    await enrolled(desk, *map(sign_up, codes))
    await desk.told()
    asked = await waiting(desk, hard="3")
    assert [one["would_have_place"] for one in asked["waiting"]] == [True, True, False, False]
    assert (asked["places"], asked["taken"]) == (3, 1)
    assert places_told(await desk.told()) == [], "asking changes nothing"

    answer = await desk.ask(change_capacity, ChangeCapacity(programme_id=P1, usual=2, hard=3))
    assert [one["organisation"] for one in answer["moved_up"]] == [
        one["organisation"]["name"] for one in asked["waiting"] if one["would_have_place"]
    ]
    assert (answer["version"], answer["places"], answer["taken"]) == (2, 3, 3)
    told = await desk.told()
    assert [one.terms.ref.version for one in told if isinstance(one, ProgrammeChanged)] == [2]
    assert places_told(told) == [(codes[1], True), (codes[2], True)]
    fewer = await waiting(desk, hard="1")
    assert [one["would_have_place"] for one in fewer["waiting"]] == [False, False], "and nobody loses one"
    assert (fewer["places"], fewer["taken"]) == (1, 3)
    await desk.ask(change_capacity, ChangeCapacity(programme_id=P1, usual=1, hard=1))
    assert await withdraw(desk, codes[0]) | {"enrolment_id": ""} == {
        "enrolment_id": "",
        "state": "withdrawn",
        "status": "Afmeldt",
        "moved_up": [],
        "why_no_more": "Den ene plads er taget.",
    }
    # By a file as well.
    await desk.publish(with_places(4, 4, version=9))
    assert await line(desk) == []


async def test_what_if_passes_a_forbehold_that_holds_no_place_as_the_decision_does(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold='holds: "no"'))
    codes = await codes_of(desk, 5)
    forbehold = [False, True, True, False, False]
    await enrolled(desk, *(sign_up(code, forbehold=open_) for code, open_ in zip(codes, forbehold, strict=True)))
    for hard, gets_in in ((1, []), (2, [codes[3]]), (3, codes[3:]), (9, codes[3:])):
        asked = await waiting(desk, hard=str(hard))
        assert [one["organisation"]["code"] for one in asked["waiting"]] == codes[1:]
        assert [one["organisation"]["code"] for one in asked["waiting"] if one["would_have_place"]] == gets_in
    answer = await desk.ask(change_capacity, ChangeCapacity(programme_id=P1, usual=9, hard=9))
    assert [one["organisation"] for one in answer["moved_up"]] == [
        one["organisation"]["name"] for one in asked["waiting"] if one["would_have_place"]
    ]
    assert answer["why_no_more"] == (
        "De, der står på ventelisten, har alle et åbent forbehold, og det holder ingen plads her."
    )
    assert (await waiting(desk))["why_no_more"] == answer["why_no_more"]


@pytest.mark.parametrize(
    ("usual", "hard", "code"), [(3, 2, "capacity_mismatch"), (1, 1, ""), (1_000_001, 1_000_001, "invalid")]
)
async def test_a_capacity_that_cannot_be_is_refused(desk: Desk, usual: int, hard: int, code: str) -> None:
    await desk.publish(with_places(1, 1))
    if code == "invalid":
        with pytest.raises(ValueError, match="less than or equal"):
            ChangeCapacity(programme_id=P1, usual=usual, hard=hard)
        return
    command = ChangeCapacity(programme_id=P1, usual=usual, hard=hard)
    if code:
        assert (await desk.refusal(change_capacity, command)).code == code
    else:
        assert (await desk.ask(change_capacity, command))["version"] == 1


async def test_where_all_have_a_place_there_is_no_capacity_to_change(desk: Desk) -> None:
    await desk.publish()
    command = ChangeCapacity(programme_id=P1, usual=1, hard=1)
    assert (await desk.refusal(change_capacity, command)).code == "no_capacity"


async def test_a_sign_up_that_staff_enter_with_its_own_time_waits_in_its_place_and_takes_nobodys(desk: Desk) -> None:
    await desk.publish(with_places(1, 1))
    first, second, third = await codes_of(desk, 3)
    start = desk.time
    await enrolled(desk, *map(sign_up, (first, second)))
    assert await enrolled(desk, sign_up(third, received_at=start - timedelta(days=1))) == ["waitlisted"]
    assert await line(desk) == [third, second]
    assert (await withdraw(desk, first))["moved_up"][0]["enrolment_id"] == await id_of(desk, third)


async def test_when_a_sign_up_came_is_said_with_its_zone(town: Town) -> None:
    """Half past nine is another time in Denmark than in London: nobody guesses which. The intake asks likewise."""
    await town.desk.publish(with_places(1, 1))
    (code,) = await codes_of(town.desk, 1)
    wish = sign_up(code).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    naive = await town.api("POST", "/enrolments", {**wish, "received_at": "2020-05-04T09:30:00"})
    assert (naive.status_code, naive.json()["code"]) == (422, "no_time_zone")
    assert naive.json()["errors"][0]["field"] == "received_at"
    said = await town.api("POST", "/enrolments", {**wish, "received_at": "2020-05-04T09:30:00+02:00"})
    assert said.status_code == 201, said.text
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert place.received_at == datetime(2020, 5, 4, 7, 30, tzinfo=UTC)


async def test_when_a_sign_up_came_is_for_staff_to_say_and_not_in_the_future(desk: Desk) -> None:
    await desk.publish(with_places(1, 1))
    (code,) = await codes_of(desk, 1)
    assert await enrolled(desk, sign_up(code, received_at=desk.time + timedelta(days=1))) == ["in_the_future"]
    client = Cause("c", None, "client/crm")
    async with transaction(desk.pool, desk, "/tovholder/enrollment", client, desk.links) as tx:
        (refused,) = await enrol_municipalities(tx, [Asked(sign_up(code, received_at=desk.time), client)])
    assert isinstance(refused, Refused)
    assert (refused.code, refused.status) == ("not_yours_to_say", 403)


async def test_places_that_are_given_after_the_deadline_are_given_by_time_of_receipt(desk: Desk) -> None:
    await desk.publish(with_places(2, 2, more=", given: at_deadline"))
    codes = await codes_of(desk, 3)
    early = desk.time
    assert await enrolled(desk, *map(sign_up, codes[:2])) == ["waitlisted"] * 2
    assert await enrolled(desk, sign_up(codes[2], received_at=early)) == ["waitlisted"]
    told = [one for one in await desk.told() if isinstance(one, EnrolmentWaitlisted)]
    assert {one.allotted_after.isoformat() if one.allotted_after else None for one in told} == {"2020-08-21"}
    shown = await desk.read(read_enrolment, enrolment_id=await id_of(desk, codes[0]))
    assert (shown["status"], shown["position"]) == ("Modtaget", None)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", BY_STAFF, desk.links) as tx:
        because = await explain(tx, await id_of(desk, codes[0]))
    assert because is not None
    assert because.title.endswith(": Modtaget")
    assert (await waiting(desk))[
        "why_no_more"
    ] == "Pladserne gives først efter tilmeldingsfristen fredag den 21. august 2020."
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", PLACES)
    assert due == datetime(2020, 8, 21, 22, tzinfo=UTC), "00:00 in Denmark"
    desk.time = due
    await desk.ring()
    assert places_told(await desk.told()) == [(codes[2], True), (codes[0], True)]
    assert await line(desk) == [codes[1]]


async def test_a_promotion_too_large_for_one_transaction_goes_on_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish(with_places(1, 1))
    codes = await codes_of(desk, 8)
    await enrolled(desk, *map(sign_up, codes))
    await desk.told()
    monkeypatch.setattr("shared.storage.tx.AT_ONCE", 3)
    assert AT_ONCE > 3
    answer = await desk.ask(change_capacity, ChangeCapacity(programme_id=P1, usual=8, hard=8))
    assert len(answer["moved_up"]) == 3
    while await desk.ring():
        pass
    assert [code for code, _ in places_told(await desk.told())] == codes[1:]
    assert await line(desk) == []


async def test_a_client_whose_withdrawal_lets_others_move_up_is_not_told_who(desk: Desk) -> None:
    await desk.publish(with_places(1, 1))
    first, second = await codes_of(desk, 2)
    client = Cause("c", None, "client/crm")
    async with transaction(desk.pool, desk, "/tovholder/enrollment", client, desk.links) as tx:
        (answer,) = await enrol_municipalities(tx, [Asked(sign_up(first), client)])
    assert isinstance(answer, Answer)
    await enrolled(desk, sign_up(second))
    async with transaction(desk.pool, desk, "/tovholder/enrollment", client, desk.links) as tx:
        answer = await withdraw_enrolment(tx, WithdrawEnrolment(enrolment_id=await id_of(desk, first)))
    assert set(answer.body) == {"enrolment_id", "state", "status"}
    assert await line(desk) == []


async def test_whoever_is_the_first_to_wait_while_somebody_leaves_moves_up(desk: Desk) -> None:
    """The one that leaves waits for the lock that the other holds, and then looks who waits."""
    await desk.publish(with_places(1, 1))
    first, second = await codes_of(desk, 2)
    await enrolled(desk, sign_up(first))
    leaving = WithdrawEnrolment(enrolment_id=await id_of(desk, first))

    async def sign_up_second(tx: Tx) -> Any:
        return await enrol_municipalities(tx, [Asked(sign_up(second), BY_STAFF)])

    await meet(desk, sign_up_second, lambda tx: withdraw_enrolment(tx, leaving))
    assert await line(desk) == []
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, second)))["state"] == "enrolled"


async def test_a_newcomer_passes_nobody_for_whom_a_transaction_had_no_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish(with_places(6, 6, more=", given: at_deadline"))
    codes = await codes_of(desk, 7)
    await enrolled(desk, *map(sign_up, codes[:6]))
    await desk.told()
    monkeypatch.setattr("shared.storage.tx.AT_ONCE", 2)
    await desk.pool.execute("UPDATE programmes SET terms = terms #- '{enrolment,capacity,given}'")
    assert await enrolled(desk, sign_up(codes[6])) == ["waitlisted"]
    while await desk.ring():
        pass
    assert [code for code, _ in places_told(await desk.told())] == codes[:6]
    assert await line(desk) == [codes[6]]


async def test_two_who_leave_at_once_let_two_move_up(desk: Desk) -> None:
    await desk.publish(with_places(2, 2))
    codes = await codes_of(desk, 6)
    await enrolled(desk, *map(sign_up, codes))
    await asyncio.gather(*(withdraw(desk, code) for code in codes[:2]))
    assert await line(desk) == codes[4:]
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 2


async def test_many_at_once_get_exactly_the_places_there_are_and_a_list_without_a_gap(desk: Desk) -> None:
    await desk.publish(with_places(20, 30))
    codes = await codes_of(desk, 98)
    outcomes = await asyncio.gather(*(desk.enrol(*map(sign_up, codes[at : at + 7])) for at in range(0, 98, 7)))
    states = [one.body["state"] for some in outcomes for one in some if isinstance(one, Answer)]
    assert (states.count("enrolled"), states.count("waitlisted")) == (30, 68)
    rows = await desk.pool.fetch("SELECT number, state FROM enrolments ORDER BY number")
    assert [row["number"] for row in rows] == list(range(1, 99))
    positions = [one["position"] for one in (await waiting(desk, limit="100"))["waiting"]]
    assert positions == list(range(1, 69))


async def test_a_no_frees_the_place_and_the_forbehold_moves_up_with_its_owner(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always"))
    first, second = await codes_of(desk, 2)
    assert await enrolled(desk, sign_up(first, forbehold=True), sign_up(second, forbehold=True)) == [
        "enrolled",
        "waitlisted",
    ]
    answer = await desk.ask(
        resolve_reservation, ResolveReservation(enrolment_id=await id_of(desk, first), approved=False)
    )
    assert (answer["state"], answer["status"]) == ("not_approved", "Ikke godkendt politisk")
    shown = await desk.read(read_enrolment, enrolment_id=await id_of(desk, second))
    assert shown["status"] == "Plads reserveret – med forbehold for politisk godkendelse"
    assert shown["forbehold"]["state"] == "open"


async def test_a_form_that_is_confirmed_when_all_places_are_taken_waits_and_its_page_says_so(town: Town) -> None:
    await town.desk.publish(with_places(1, 1))
    first, second = await codes_of(town.desk, 2)
    await enrolled(town.desk, sign_up(first))
    await town.desk.knows(second)
    await town.desk.told()
    await town.desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(second), caller="192.0.2.1"))
    (told,) = [one for one in await town.desk.told() if isinstance(one, EnrolmentReceived)]
    assert told.prospect == "waiting_list"
    assert "står I på ventelisten" in (await town.client.get(f"/tilmeld/{P1}/modtaget")).text
    assert (await town.client.post(told.confirm_path, data={"_key": "k" * 32})).status_code == 303
    said = (await town.client.get(told.confirm_path)).text
    assert "venter på en plads" in said
    assert "På venteliste (nr. 1)" in said
    (waits,) = [one for one in await town.desk.told() if isinstance(one, EnrolmentWaitlisted)]
    assert waits.by_form
    assert waits.standing_path is not None
    assert waits.standing_path in said
