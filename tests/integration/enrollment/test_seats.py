"""Seats are explained, passed on by whoever has them, left in time or late, and taken by whoever just came."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import asyncpg
import pytest

from services.enrollment.adapters import links
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.read_explanation import read_explanation
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.register_walk_in import register_walk_in
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    CancelParticipant,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    RegisterWalkIn,
    ReplaceParticipant,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingHeld
from tests.support.enrollment_desk import Desk, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, Town
from tests.support.meeting_point import meet

PRICE = 100_000
LAST_FREE = datetime(2021, 4, 1, 21, 59, 59, tzinfo=UTC)
LATE = datetime(2021, 4, 1, 22, tzinfo=UTC)
THE_DAY = datetime(2021, 4, 15, 8, tzinfo=UTC)
FREE_UNTIL_A_FORTNIGHT = programme_text().replace(
    "    extra_text: Ekstra deltager på heldagsmøde\n",
    "    extra_text: Ekstra deltager på heldagsmøde\n    extra_free_until_days: 14\n",
)
FROZEN = FREE_UNTIL_A_FORTNIGHT.replace("  closes_days_before: 3\n", "  closes_days_before: 3\n  swap_freeze_days: 7\n")


async def seated(desk: Desk, *names: str, file: str | None = None) -> tuple[str, str, list[str], list[str]]:
    """Enrolment, meeting, people and the paths of their seats."""
    await desk.publish(file)
    await desk.enrol(sign_up())
    enrolment = await desk.pool.fetchval("SELECT id FROM enrolments")
    meeting = (await desk.has_meeting()).id
    await desk.told()
    people = [(await desk.register(enrolment, meeting, name, PRICE))["person_id"] for name in names]
    paths = [fact.seat_path or "" for fact in await desk.told() if isinstance(fact, ParticipantRegistered)]
    assert all(path.startswith("/moedeplads/") for path in paths)
    return enrolment, meeting, people, paths


async def test_hvorfor_er_bo_den_fjerde(desk: Desk) -> None:
    enrolment, meeting, people, _ = await seated(desk, "Anna", "Cecilie", "Dorte", "Bo")
    read = {"enrolment_id": enrolment, "meeting_id": meeting}
    bo = (await desk.read(read_explanation, **read))["entries"][3]
    assert (bo["place"], bo["name"], bo["extra"], bo["registered_by"]) == (4, "Bo", True, "staff")
    assert "Anna, Cecilie og Dorte kom før" in bo["why"]
    assert "1.000,00 kr. ekskl. moms" in bo["why"]
    await desk.ask(cancel_participant, CancelParticipant(**read, person_id=people[0]))
    explained = (await desk.read(read_explanation, **read))["entries"]
    assert "Bo var ekstra deltager, indtil Anna blev afmeldt" in explained[2]["why"]
    assert (explained[3]["name"], explained[3]["place"], explained[3]["still_billed"]) == ("Anna", None, False)
    assert "token/" not in str(explained)


async def test_a_client_is_explained_what_it_put_in_itself(town: Town) -> None:
    enrolment, meeting, _, _ = await seated(town.desk, "Anna")
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    path = f"/enrolments/{enrolment}/meetings/{meeting}/explanation"
    assert (await town.api("GET", path, **theirs)).status_code == 404
    assert (await town.api("GET", path)).json()["entries"][0]["name"] == "Anna"
    assert (await town.api("GET", path.replace(meeting, "unknown"))).json()["code"] == "unknown_meeting"


async def test_a_participant_passes_a_seat_on_by_a_link_of_their_own(town: Town) -> None:
    enrolment, meeting, people, paths = await seated(town.desk, "Anna", "Cecilie", "Dorte", "Bo")
    for page in ("", "/skift", "/afmeld"):
        assert (await town.client.get(paths[3] + page)).status_code == 200
    assert await town.desk.told() == []
    shown = (await town.client.get(f"{paths[3]}/skift")).text
    assert "En deltager kan skiftes eller afmeldes til og med onsdag den 14. april 2021." in shown
    level = re.search(r'name="level" value="([^"]+)"', shown)
    assert level is not None
    form = {"_key": "k" * 32, "name": "Frida", "email": "frida@kommune.example"}
    assert (await town.client.post(f"{paths[3]}/skift", data=form)).status_code == 422
    answer = await town.client.post(f"{paths[3]}/skift", data={**form, "level": level[1]})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{paths[3]}?besked=skiftet")
    replaced, removed, added = await town.desk.told()
    assert isinstance(replaced, ParticipantReplaced)
    assert (replaced.previous.name, replaced.person.name, replaced.by_participant) == ("Bo", "Frida", True)
    assert isinstance(removed, ExtraParticipantRemoved)
    assert isinstance(added, ExtraParticipantAdded)
    (roster,) = (await town.desk.read(read_rosters, enrolment_id=enrolment))["meetings"]
    assert [(one["name"], one["extra"]) for one in roster["participants"]][3] == ("Frida", True)
    # The link is Frida's now, and no longer Bo's.
    done = await town.client.get(f"{paths[3]}?besked=skiftet")
    assert (done.status_code, "Pladsen er givet videre" in done.text) == (200, True)
    gone = await town.client.get(paths[3])
    assert (gone.status_code, "I har ikke pladsen længere" in gone.text) == (410, True)
    assert (await town.client.post(f"{paths[3]}/afmeld", data={"_key": "x" * 32})).status_code == 410
    assert (await town.client.get(replaced.seat_path or "")).status_code == 200
    explained = (await town.api("GET", f"/enrolments/{enrolment}/meetings/{meeting}/explanation")).json()["entries"]
    assert (explained[3]["registered_by"], explained[3]["registered_by_text"]) == ("participant", "Bo")
    contact = links.participants_path(town.desk.links, await town.desk.guest())
    page = (await town.client.get(f"{contact}/{meeting}")).text
    assert "<summary>Hvorfor?</summary>" in page
    assert "Anna, Cecilie og Dorte kom før" in page
    assert "Skrevet på af Bo." in page
    assert "Bo gav pladsen videre til Frida" in page
    assert people[3] != replaced.person.person_id


async def test_a_participant_renames_no_colleague(town: Town) -> None:
    _, _, _, paths = await seated(town.desk, "Anna", "Bo")
    level = "Leder af ledere"
    form = {"_key": "k" * 32, "name": "Skældsord", "email": "karen@k0751.example", "level": level}
    assert (await town.client.post(f"{paths[0]}/skift", data=form)).status_code == 303
    assert (
        await town.desk.pool.fetchval("SELECT name FROM people WHERE email = 'karen@k0751.example'") == "Karen Kontakt"
    )


async def test_a_participant_leaves_and_the_contact_is_to_hear_of_it(town: Town) -> None:
    enrolment, _, _, paths = await seated(town.desk, "Anna", "Bo")
    assert (await town.client.post(f"{paths[0]}/afmeld", data={"_key": "k" * 32})).status_code == 303
    (left,) = await town.desk.told()
    assert isinstance(left, ParticipantCancelled)
    assert (left.person.name, left.by_participant, left.still_billed) == ("Anna", True, None)
    assert (await town.client.get(f"{paths[0]}?besked=afmeldt")).status_code == 200
    # Registered again they have another seat, and another link.
    meeting = await town.desk.pool.fetchval("SELECT meeting_id FROM rosters")
    await town.desk.register(enrolment, meeting, "Anna")
    (again,) = await town.desk.told()
    assert isinstance(again, ParticipantRegistered)
    assert (await town.client.get(again.seat_path or "")).status_code == 200
    assert (await town.client.get(paths[0])).status_code == 410
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    assert (await town.client.get(paths[1])).status_code == 410
    assert (await town.client.get("/moedeplads/AAAA.AAAA")).status_code == 404


async def test_seats_are_passed_on_until_the_meeting_begins_and_the_page_says_so(town: Town) -> None:
    _, _, _, paths = await seated(town.desk, "Anna")
    form = {"_key": "k" * 32, "name": "Frida", "email": "frida@kommune.example", "level": "Leder af ledere"}
    await town.move_to(datetime(2021, 4, 14, 22, tzinfo=UTC))
    assert "Pladsen kan ikke ændres længere" in (await town.client.get(paths[0])).text
    late = await town.client.post(f"{paths[0]}/skift", data=form)
    assert (late.status_code, "Mødet er begyndt" in late.text) == (409, True)


async def test_a_freeze_is_data_and_said_on_the_page(town: Town) -> None:
    enrolment, meeting, _, paths = await seated(town.desk, "Anna", file=FROZEN)
    contact = links.participants_path(town.desk.links, await town.desk.guest())
    says = "En deltager kan skiftes til og med torsdag den 8. april 2021, og afmeldes"
    for page in (paths[0], f"{contact}/{meeting}"):
        shown = (await town.client.get(page)).text
        assert says in shown
        assert "/skift" in shown
    await town.move_to(datetime(2021, 4, 8, 22, tzinfo=UTC))
    for page in (paths[0], f"{contact}/{meeting}"):
        assert "/skift" not in (await town.client.get(page)).text
    anna = await town.desk.pool.fetchval("SELECT person_id FROM seats")
    path = f"/enrolments/{enrolment}/meetings/{meeting}/participants/{anna}"
    refused = await town.api("PUT", path, {"name": "Frida", "email": "frida@kommune.example"})
    assert (refused.status_code, refused.json()["code"]) == (409, "swaps_closed")
    assert (await town.client.post(f"{paths[0]}/afmeld", data={"_key": "k" * 32})).status_code == 303


async def test_the_last_free_day_is_shown_before_anything_is_confirmed(town: Town) -> None:
    _, meeting, people, paths = await seated(town.desk, "Anna", "Bo", "Carl", file=FREE_UNTIL_A_FORTNIGHT)
    contact = links.participants_path(town.desk.links, await town.desk.guest())
    says = "En ekstra plads kan afmeldes uden betaling til og med torsdag den 1. april 2021. Derefter faktureres den."
    assert says in (await town.client.get(f"{contact}/{meeting}")).text
    enrolment = await town.desk.pool.fetchval("SELECT id FROM enrolments")
    body = {"name": "Erik", "email": "erik@kommune.example"}
    asked = await town.api("POST", f"/enrolments/{enrolment}/meetings/{meeting}/participants", body)
    assert (asked.json()["code"], asked.json()["free_until"]) == ("extra_price_not_accepted", "2021-04-01")
    extra = (await town.desk.register(enrolment, meeting, "Dorte", PRICE))["person_id"]
    told = await town.desk.told()
    path = next(fact.seat_path or "" for fact in told if isinstance(fact, ParticipantRegistered))
    before = (await town.client.get(f"{contact}/{meeting}/afmeld/{extra}")).text
    assert "bliver ikke faktureret" in before
    assert says in before
    await town.move_to(LATE)
    for page in (f"{contact}/{meeting}/afmeld/{extra}", f"{path}/afmeld"):
        shown = (await town.client.get(page)).text
        assert "alligevel" in shown
        assert says in shown
    included = (await town.client.get(f"{contact}/{meeting}/afmeld/{people[0]}")).text
    assert "faktureres stadig" in included
    assert says in included
    assert paths


async def test_an_extra_seat_that_is_left_too_late_keeps_its_claim(desk: Desk) -> None:
    enrolment, meeting, people, _ = await seated(
        desk, "Anna", "Bo", "Carl", "Dorte", "Erik", file=FREE_UNTIL_A_FORTNIGHT
    )
    about = {"enrolment_id": enrolment, "meeting_id": meeting}
    desk.time = LAST_FREE
    await desk.ask(cancel_participant, CancelParticipant(**about, person_id=people[4]))
    assert [type(fact).__name__ for fact in await desk.told()] == ["ParticipantCancelled", "ExtraParticipantRemoved"]
    desk.time = LATE
    answer = await desk.ask(cancel_participant, CancelParticipant(**about, person_id=people[0]))
    assert (answer["moved_in"], answer["still_billed"], answer["seats"]) == (
        [],
        False,
        "2 af 3 pladser brugt og 1 ekstra",
    )
    # As the next one who asks finds it.
    taken = await desk.register(enrolment, meeting, "Frida")
    assert (taken["extra"], taken["seats"]) == (
        False,
        "3 af 3 pladser brugt og 1 ekstra – næste koster 1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)",
    )
    await desk.told()
    answer = await desk.ask(cancel_participant, CancelParticipant(**about, person_id=people[3]))
    assert answer["still_billed"]
    (left,) = await desk.told()
    assert isinstance(left, ParticipantCancelled)
    assert left.still_billed is not None
    assert left.still_billed.price_ore == PRICE
    gone = [one for one in (await desk.read(read_explanation, **about))["entries"] if one["place"] is None]
    assert [(one["name"], one["still_billed"]) for one in gone] == [("Erik", False), ("Anna", False), ("Dorte", True)]


async def test_whoever_just_came_is_entered_by_staff_and_billed_by_itself(desk: Desk) -> None:
    enrolment, meeting, _, _ = await seated(desk, "Anna", "Bo", "Carl")
    command = RegisterWalkIn(enrolment_id=enrolment, meeting_id=meeting, name="Dorte", email="dorte@kommune.example")
    early = await desk.refusal(register_walk_in, command)
    assert (early.code, early.status) == ("meeting_not_begun", 409)
    desk.time = THE_DAY
    answer = await desk.ask(register_walk_in, command)
    assert (answer["extra"], answer["registered"], answer["seats"]) == (True, 4, "3 af 3 pladser brugt og 1 ekstra")
    registered, added = await desk.told()
    assert isinstance(registered, ParticipantRegistered)
    assert (registered.walked_in, registered.seat_path) == (True, None)
    assert isinstance(added, ExtraParticipantAdded)
    assert added.walked_in
    (roster,) = (await desk.read(read_rosters, enrolment_id=enrolment))["meetings"]
    assert [one["walked_in"] for one in roster["participants"]] == [False, False, False, True]


async def test_whoever_just_came_is_entered_long_after_the_meeting_too(town: Town) -> None:
    enrolment, meeting, _, _ = await seated(town.desk, "Anna")
    row = await town.desk.pool.fetchrow("SELECT terms->>'ref' AS ref FROM programmes")
    assert row is not None
    await town.move_to(datetime(2021, 5, 3, 8, tzinfo=UTC))
    stored = await town.desk.pool.fetchval("SELECT meeting::text FROM meetings")
    held = (
        f'{{"owner": "/tovholder/scheduling", "programme": {row["ref"]}, "meeting": {stored}, "held_on": "2021-04-15"}}'
    )
    await town.desk.hear(MeetingHeld.model_validate_json(held))
    path = f"/enrolments/{enrolment}/meetings/{meeting}/walk-ins"
    answer = await town.api("POST", path, {"name": "Bo", "email": "bo@kommune.example"})
    assert (answer.status_code, answer.json()["extra"]) == (201, False)
    again = await town.api("POST", path, {"name": "Bo", "email": "bo@kommune.example"})
    assert (again.status_code, again.json()["code"]) == (409, "already_registered")
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    assert (await town.api("POST", path, {"name": "Bo", "email": "b@k.example"}, **theirs)).status_code == 403
    contact = links.participants_path(town.desk.links, await town.desk.guest())
    assert "Kom uden tilmelding" in (await town.client.get(f"{contact}/{meeting}")).text


async def test_two_swaps_of_one_seat_at_once_are_one_swap(desk: Desk) -> None:
    enrolment, meeting, people, _ = await seated(desk, "Anna", "Bo", "Carl", "Dorte")

    def swap(name: str) -> ReplaceParticipant:
        return ReplaceParticipant(
            enrolment_id=enrolment,
            meeting_id=meeting,
            person_id=people[0],
            name=name,
            email=f"{name.lower()}@kommune.example",
        )

    _, second = await meet(
        desk, lambda tx: replace_participant(tx, swap("Frida")), lambda tx: replace_participant(tx, swap("Gry"))
    )
    assert isinstance(second, Refused)
    assert second.code == "not_registered"
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 4


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE seat_moves SET move = 'moved'",
        "UPDATE seat_moves SET still_billed = true",
        "UPDATE seat_moves SET seat_number = 0",
    ],
)
async def test_the_database_keeps_no_move_that_cannot_be(desk: Desk, wrong: str) -> None:
    await seated(desk, "Anna")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute(wrong)
