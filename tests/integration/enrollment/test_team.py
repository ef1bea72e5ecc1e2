"""A municipality names its standing team once: three to five people, by its contact's link, staff, API and intake."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.enrollment.adapters import links
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.team import SHORT
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_explanation import read_team_explanation
from services.enrollment.usecases.read_team import read_team
from services.enrollment.usecases.remind_of_team import remind_of_team
from services.enrollment.usecases.remove_team_member import remove_team_member
from services.enrollment.usecases.replace_team_member import replace_team_member
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.contracts.enrollment import (
    ChangeContact,
    EnrolmentWithdrawn,
    NameTeamMember,
    RemoveTeamMember,
    ReplaceTeamMember,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
    TeamReminderDue,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingScheduled
from shared.runtime.timers import Timer
from shared.storage.tx import Tx
from tests.support.enrollment_desk import AARHUS, CAUSE, KOEBENHAVN, Desk, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, Town
from tests.support.facts import DAY
from tests.support.meeting_point import meet

P4 = "gode-overgange"
ENROLMENT = enrolment_id(P4, AARHUS)
DECLARED = dict.fromkeys(("politisk-opbakning", "samarbejdspartnere", "tovholder"), "true")
NAMES = ("Anna", "Bo", "Carl", "Dorte", "Erik")


def chosen() -> str:
    """P4 as shipped cannot be published: a person chooses the day."""
    before, entry, after = programme_text(P4).partition("    date: 2025-10-02\n")
    return f"{before}{entry}    chosen: 2025-10-02\n{after}"


def naming(name: str) -> NameTeamMember:
    return NameTeamMember(enrolment_id=ENROLMENT, name=name, email=f"{name.lower()}@k0751.example")


async def enrolled(desk: Desk, *names: str) -> list[str]:
    """P4's municipality with these on its team; told so far is forgotten."""
    await desk.ask(publish_programme, PublishProgramme(file=chosen()))
    (outcome,) = await desk.enrol(sign_up(AARHUS, programme_id=P4, answers=DECLARED))
    assert isinstance(outcome, Answer), outcome
    people = [(await desk.ask(name_team_member, naming(name)))["person_id"] for name in names]
    await desk.told()
    return people


async def reminders(desk: Desk) -> list[TeamReminderDue]:
    return [one for one in await desk.told() if isinstance(one, TeamReminderDue)]


async def timers(desk: Desk) -> list[asyncpg.Record]:
    return await desk.pool.fetch("SELECT key, due FROM timers WHERE timer = $1 ORDER BY key", SHORT)


async def has_meeting(desk: Desk, kind: str = "heldag") -> Meeting:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P4))
    meeting = Meeting(id=f"m-{kind}", key=f"{kind}-1", title="Startseminar", kind=kind, when=DAY)
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
    await desk.hear(MeetingScheduled.model_validate_json(json.dumps(told)))
    return meeting


async def test_it_is_named_once_for_all_meetings_of_its_kinds(desk: Desk) -> None:
    await enrolled(desk)
    answer = await desk.ask(name_team_member, naming("Anna"))
    assert (answer["size"], answer["team"]) == (1, "1 på holdet; der mangler mindst 2 (3 til 5 personer)")
    (fact,) = await desk.told()
    assert isinstance(fact, TeamMemberNamed)
    assert (fact.size, fact.minimum, fact.most, fact.kinds) == (1, 3, 5, ("heldag", "temamoede", "politisk"))
    assert (fact.subject, fact.person.email) == (f"team/{ENROLMENT}", "anna@k0751.example")
    listed = await desk.read(read_team, enrolment_id=ENROLMENT)
    assert [one["name"] for one in listed["members"]] == ["Anna"]
    assert (listed["missing"], listed["next"]) == (2, None)


async def test_a_sixth_is_refused_and_named_nowhere(desk: Desk) -> None:
    await enrolled(desk, *NAMES)
    refused = await desk.refusal(name_team_member, naming("Frida"))
    assert (refused.code, refused.status) == ("team_full", 409)
    assert await desk.told() == []
    assert await desk.pool.fetchval("SELECT count(*) FROM people WHERE name = 'Frida'") == 0
    again = await desk.refusal(name_team_member, naming("Anna"))
    assert again.code == "already_on_team"


async def test_a_full_team_swaps_and_one_is_taken_off(desk: Desk) -> None:
    people = await enrolled(desk, *NAMES)
    swap = ReplaceTeamMember(enrolment_id=ENROLMENT, person_id=people[1], name="Gry", email="gry@k0751.example")
    await desk.ask(replace_team_member, swap)
    await desk.ask(remove_team_member, RemoveTeamMember(enrolment_id=ENROLMENT, person_id=people[0]))
    replaced, removed = await desk.told()
    assert isinstance(replaced, TeamMemberReplaced)
    assert (replaced.previous.name, replaced.person.name, replaced.size) == ("Bo", "Gry", 5)
    assert isinstance(removed, TeamMemberRemoved)
    assert (removed.person.name, removed.size) == ("Anna", 4)
    listed = await desk.read(read_team, enrolment_id=ENROLMENT)
    assert [one["name"] for one in listed["members"]] == ["Gry", "Carl", "Dorte", "Erik"]
    explained = (await desk.read(read_team_explanation, enrolment_id=ENROLMENT))["entries"]
    assert [(one["place"], one["name"]) for one in explained] == [
        (1, "Gry"),
        (2, "Carl"),
        (3, "Dorte"),
        (4, "Erik"),
        (None, "Bo"),
        (None, "Anna"),
    ]
    assert "Overtog pladsen og nummeret efter Bo" in explained[0]["why"]
    assert {one["registered_by"] for one in explained} == {"staff"}
    second = await desk.read(read_team_explanation, enrolment_id=ENROLMENT, limit="4")
    rest = await desk.read(read_team_explanation, enrolment_id=ENROLMENT, cursor=second["next"])
    assert [one["name"] for one in (*second["entries"], *rest["entries"])] == [one["name"] for one in explained]


async def test_two_who_name_the_fifth_at_once_name_one(desk: Desk) -> None:
    await enrolled(desk, *NAMES[:4])

    def call(name: str) -> Any:
        return lambda tx: name_team_member(tx, naming(name))

    first, second = await meet(desk, call("Erik"), call("Frida"))
    assert first.body["size"] == 5
    assert isinstance(second, Refused)
    assert second.code == "team_full"
    assert await desk.pool.fetchval("SELECT count(*) FROM team_members") == 5


async def test_nobody_is_named_for_a_municipality_that_is_just_leaving(desk: Desk) -> None:
    await enrolled(desk, "Anna")

    def leaving(tx: Tx) -> Any:
        return withdraw_enrolment(tx, WithdrawEnrolment(enrolment_id=ENROLMENT))

    _, second = await meet(desk, leaving, lambda tx: name_team_member(tx, naming("Bo")))
    assert isinstance(second, Refused)
    assert second.code == "no_place"
    assert await desk.pool.fetchval("SELECT count(*) FROM team_members") == 0


@pytest.mark.parametrize(
    "wrong", ["UPDATE teams SET size = 6", "UPDATE team_members SET number = 1", "UPDATE teams SET size = -1"]
)
async def test_the_database_keeps_no_team_that_cannot_be(desk: Desk, wrong: str) -> None:
    await enrolled(desk, *NAMES)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await desk.pool.execute(wrong)


async def test_a_withdrawal_empties_the_team_and_a_new_place_begins_without_one(desk: Desk) -> None:
    await enrolled(desk, *NAMES[:3])
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    told = await desk.told()
    assert [fact.person.name for fact in told if isinstance(fact, TeamMemberRemoved)] == ["Anna", "Bo", "Carl"]
    assert any(isinstance(fact, EnrolmentWithdrawn) for fact in told)
    assert (await desk.refusal(name_team_member, naming("Anna"))).code == "no_place"
    await desk.enrol(sign_up(AARHUS, programme_id=P4, answers=DECLARED))
    assert (await desk.ask(name_team_member, naming("Anna")))["size"] == 1


async def test_a_team_that_is_too_small_is_said_every_fortnight_until_it_is_not(desk: Desk) -> None:
    desk.time = datetime(2024, 10, 7, 12, tzinfo=UTC)
    await enrolled(desk)
    desk.time = datetime(2024, 10, 21, 6, 59, tzinfo=UTC)
    assert await desk.ring() == 0
    desk.time += timedelta(minutes=1)
    assert await desk.ring() == 1
    (fact,) = await desk.told()
    assert isinstance(fact, TeamReminderDue)
    assert (fact.size, fact.minimum, fact.most) == (0, 3, 5)
    assert (fact.participants_path or "").startswith("/deltagere/")
    # It comes again, a fortnight after the last that was named, and not once there are three.
    for name in NAMES[:2]:
        await desk.ask(name_team_member, naming(name))
    desk.time += timedelta(days=15)
    assert await desk.ring() == 1
    await desk.ask(name_team_member, naming("Carl"))
    desk.time += timedelta(days=60)
    assert await desk.ring() == 0
    assert [fact.size for fact in await desk.told() if isinstance(fact, TeamReminderDue)] == [2]


async def test_each_team_that_is_too_small_is_reminded_of_and_what_has_rung_rings_no_more_that_day(desk: Desk) -> None:
    desk.time = datetime(2024, 10, 7, 12, tzinfo=UTC)
    await enrolled(desk)
    await desk.enrol(sign_up(KOEBENHAVN, programme_id=P4, answers=DECLARED))
    await desk.told()
    desk.time = datetime(2024, 10, 21, 7, tzinfo=UTC)
    assert await desk.ring() == 2
    assert sorted(one.organisation.code for one in await reminders(desk)) == [KOEBENHAVN, AARHUS]
    kept = await timers(desk)
    assert {one["due"] for one in kept} == {datetime(2024, 11, 4, 8, tzinfo=UTC)}
    assert await desk.ring() == 0
    assert (await desk.told(), await timers(desk)) == ([], kept)


async def test_whoever_names_the_last_one_just_as_the_timer_rings_is_reminded_of_nothing(desk: Desk) -> None:
    desk.time = datetime(2024, 10, 7, 12, tzinfo=UTC)
    await enrolled(desk, *NAMES[:2])
    (due,) = await timers(desk)
    desk.time = due["due"]
    rung = Timer(SHORT, ENROLMENT, desk.time, {}, CAUSE)

    await meet(desk, lambda tx: name_team_member(tx, naming("Carl")), lambda tx: remind_of_team(tx, [rung]))
    assert [type(one) for one in await desk.told()] == [TeamMemberNamed]
    assert await timers(desk) == []


async def test_nobody_is_reminded_of_a_programme_that_is_over(desk: Desk) -> None:
    desk.time = datetime(2025, 12, 20, 12, tzinfo=UTC)
    await enrolled(desk)
    desk.time = datetime(2026, 1, 3, 8, tzinfo=UTC)
    await desk.ring()
    assert await desk.told() == []


async def test_the_form_says_what_a_team_is_before_anybody_signs_up(town: Town) -> None:
    await town.desk.ask(publish_programme, PublishProgramme(file=chosen()))
    page = (await town.client.get(f"/tilmeld/{P4}")).text
    assert "Heldagsmøde: ét fast hold fra hver kommune, 3 til 5 personer" in page
    assert "Kort virtuelt møde" not in page


async def test_its_contact_names_it_on_a_page_that_a_get_does_not_change(town: Town) -> None:
    desk = town.desk
    await enrolled(desk)
    await has_meeting(desk)
    path = links.participants_path(desk.links, await desk.guest())
    page = (await town.client.get(path)).text
    assert "Holdet er ikke fuldtalligt" in page
    assert "Jeres faste hold inviteres" in page
    assert f"{path}/hold" in page
    for name in NAMES:
        shown = await town.client.get(f"{path}/hold")
        key = re.search(r'name="_key" value="([^"]+)"', shown.text)
        assert key is not None
        person = {"_key": key[1], "name": name, "email": f"{name.lower()}@k0751.example"}
        answer = await town.client.post(f"{path}/hold", data=person)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}/hold?besked=navngivet")
    full = (await town.client.get(f"{path}/hold")).text
    assert "5 på holdet (3 til 5 personer)" in full
    assert "Holdet er fuldt" in full
    assert "kr." not in full
    assert "Skrevet på af kommunens kontaktperson" in full
    late = await town.client.post(
        f"{path}/hold", data={"_key": "k" * 32, "name": "Frida", "email": "frida@k0751.example"}
    )
    assert (late.status_code, "Holdet er fuldt: højst 5 personer" in late.text) == (409, True)
    person_id = re.search(rf"{path}/hold/fjern/([^\"]+)\"", full)
    assert person_id is not None
    asked = await town.client.get(f"{path}/hold/fjern/{person_id[1]}")
    assert (asked.status_code, "Tag Anna af holdet?" in asked.text) == (200, True)
    assert await desk.pool.fetchval("SELECT count(*) FROM team_members") == 5
    assert (await town.client.post(f"{path}/hold/fjern/{person_id[1]}", data={"_key": "r" * 32})).status_code == 303
    swapped = await town.client.get(f"{path}/hold/fjern/{person_id[1]}")
    assert swapped.headers["location"] == f"{path}/hold"
    bo = await desk.pool.fetchval("SELECT person_id FROM people WHERE name = 'Bo'")
    form = {"_key": "s" * 32, "name": "Gry", "email": "gry@k0751.example"}
    assert (await town.client.post(f"{path}/hold/skift/{bo}", data=form)).status_code == 303
    assert "Bo gav pladsen videre til Gry" in (await town.client.get(f"{path}/hold")).text


async def test_another_system_names_and_reads_the_team_of_what_it_put_in_itself(town: Town) -> None:
    await enrolled(town.desk, "Anna")
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    body = {"name": "Bo", "email": "bo@k0751.example"}
    refused = await town.api("POST", f"/enrolments/{ENROLMENT}/team", body, **theirs)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_enrolment")
    assert (await town.api("GET", f"/enrolments/{ENROLMENT}/team", **theirs)).status_code == 404
    await town.desk.pool.execute("UPDATE enrolments SET put_in_by = 'client/crm', put_in_number = number")
    assert (await town.api("POST", f"/enrolments/{ENROLMENT}/team", body, **theirs)).status_code == 201
    shown = (await town.api("GET", f"/enrolments/{ENROLMENT}/team/explanation", **theirs)).json()
    assert [one["registered_by"] for one in shown["entries"]] == ["staff", "system"]


async def test_a_municipality_whose_people_are_registered_for_each_meeting_names_no_team(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    refused = await desk.refusal(name_team_member, naming("Anna").model_copy(update={"enrolment_id": enrolment}))
    assert refused.code == "no_team"
    assert (await desk.read(read_team, enrolment_id=enrolment))["kinds"] == []


async def test_whose_role_is_somebody_elses_by_now_is_told_so_on_the_teams_page_too(town: Town) -> None:
    desk = town.desk
    await enrolled(desk)
    guest = await desk.guest()
    path = links.participants_path(desk.links, guest)
    eva = ChangeContact(enrolment_id=guest.enrolment_id, name="Eva Efter", email="eva@k0751.example")
    await desk.ask(change_contact, eva)
    for page in (path, f"{path}/hold"):
        shown = await town.client.get(page)
        assert shown.status_code == 410
        assert "Eva" not in shown.text
        assert "har en anden" in shown.text
