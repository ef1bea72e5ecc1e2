"""Diet and access of standing teams and members' people: said once for all their meetings, and gone with the last."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.enrollment.adapters import enrolments, needs, programmes, teams
from services.enrollment.adapters.links import participants_path
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.follow_meetings import follow_meetings
from services.enrollment.usecases.forget_needs import forget_needs
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.invite_member import invite_member
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_needs import read_needs
from services.enrollment.usecases.remove_team_member import remove_team_member
from services.enrollment.usecases.replace_team_member import replace_team_member
from services.enrollment.usecases.set_needs import SetTeamNeeds, set_team_needs
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.contracts.enrollment import (
    CancelProgramme,
    ErasePerson,
    InviteMember,
    NameTeamMember,
    RemoveTeamMember,
    ReplaceTeamMember,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingFact, MeetingPlanned, MeetingScheduled, When
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from shared.storage.tx import Tx, transaction
from tests.integration.enrollment.test_guests import inviting
from tests.integration.enrollment.test_members import JANUARY, P3, here
from tests.integration.enrollment.test_places import on_team, typed
from tests.integration.enrollment.test_team import ENROLMENT, P4, chosen
from tests.support.enrollment_desk import CAUSE, KOEBENHAVN, Desk, programme_text, sign_up
from tests.support.enrollment_web import OTHER, SCOPED, Town
from tests.support.meeting_point import meet

NUTS = "Kan ikke tåle hvalnødder"
ASKING = """
registration:
  needs:
    consent: Ja, I må gemme det til møderne.
    diet:
      label: "Hvad spiser du ikke?"
      choices: [{id: vegetar, title: Vegetar}, {id: vegansk, title: Vegansk}]
      text: true
    access: {label: "Hvad har du brug for?", choices: [{id: rampe, title: Adgang uden trin}]}
"""
ASKS = chosen().replace("\nregistration:\n", ASKING)
FIRST, SECOND, THIRD = "2021-04-15", "2021-06-10", "2021-09-01"
FORGOTTEN = datetime(2021, 4, 29, 22, tzinfo=UTC)
"""00:00 in Denmark, when all of the fourteenth day after the first meeting has gone."""
FORGOTTEN_SECOND = datetime(2021, 6, 24, 22, tzinfo=UTC)


async def has_meeting(
    desk: Desk,
    day: str | None = FIRST,
    *,
    number: int = 1,
    kind: str = "heldag",
    fact: type[MeetingFact] | None = None,
    programme: str = P4,
    **more: Any,
) -> Meeting:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", programme))
    when = When.model_validate_json(json.dumps({"first_day": day, "last_day": day})) if day else None
    meeting = Meeting(id=f"m-{number}", key=f"{kind}-{number}", title=f"Møde {number}", kind=kind, when=when, **more)
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
    how = fact or (MeetingScheduled if day else MeetingPlanned)
    await desk.hear(how.model_validate_json(json.dumps(told)))
    return meeting


async def ids(desk: Desk) -> dict[str, str]:
    rows = await desk.pool.fetch("SELECT name, person_id FROM team_members JOIN people USING (person_id)")
    return {row["name"]: row["person_id"] for row in rows}


async def says(desk: Desk, name: str, **said: Any) -> dict[str, Any]:
    person_id = (await ids(desk))[name]
    wish = {"enrolment_id": ENROLMENT, "person_id": person_id, "consent": True, **said}
    return await desk.ask(set_team_needs, SetTeamNeeds(**wish))


async def kept(desk: Desk) -> list[str]:
    rows = await desk.pool.fetch("SELECT name FROM team_needs JOIN people USING (person_id) ORDER BY name")
    return [row["name"] for row in rows]


async def counts(desk: Desk, meeting: str = "m-1") -> dict[str, int]:
    shown = await desk.read(read_needs, meeting_id=meeting)
    return {one["title"] or one["text"]: one["how_many"] for one in shown["needs"]}


async def armed(desk: Desk) -> dict[str, datetime]:
    rows = await desk.pool.fetch("SELECT key, due FROM timers WHERE timer = 'needs_end' ORDER BY key")
    return {row["key"]: row["due"] for row in rows}


async def test_one_on_a_team_says_it_once_for_all_meetings_sees_it_and_takes_it_back(town: Town) -> None:
    paths = await on_team(town.desk, "Anna", "Bo", file=ASKS)
    page = f"{paths['Anna']}/behov"
    early = await town.client.post(page, data=typed("a", diet="vegetar", consent="true"))
    assert (early.status_code, "ikke noget møde forude, der har en dato" in early.text) == (409, True)
    assert "Skriv om kost og adgang" not in (await town.client.get(paths["Anna"])).text
    await has_meeting(town.desk)
    await has_meeting(town.desk, SECOND, number=2)
    shown = (await town.client.get(page)).text
    assert "Det slettes 14 dage efter det sidste møde, der har en dato (lige nu torsdag den 10. juni 2021)" in shown
    form = {"diet": "vegetar", "diet_text": f" {NUTS}  i dag ", "access": "rampe"}
    refused = await town.client.post(page, data=typed("b", **form))
    assert (refused.status_code, "Sæt kryds ved samtykket" in refused.text, NUTS in refused.text) == (422, True, True)
    assert await kept(town.desk) == []
    saved = await town.client.post(page, data=typed("c", **form, consent="true"))
    assert (saved.status_code, saved.headers["location"]) == (303, f"{paths['Anna']}?besked=gemt")
    row = await town.desk.pool.fetchrow("SELECT * FROM team_needs")
    assert row is not None
    assert (row["diet"], row["diet_text"], row["access"], row["own"]) == (["vegetar"], f"{NUTS} i dag", ["rampe"], True)
    assert (row["consent"], row["keep_days"], row["consented_at"]) == (
        "Ja, I må gemme det til møderne.",
        14,
        town.desk.time,
    )
    own = (await town.client.get(page)).text
    assert NUTS in own
    assert own.count("checked") == 3
    assert NUTS not in (await town.client.get(paths["Anna"])).text
    for other in (paths["Bo"], f"{paths['Bo']}/behov"):
        assert NUTS not in (await town.client.get(other)).text
    for meeting in ("m-1", "m-2"):
        assert (await counts(town.desk, meeting))["Vegetar"] == 1
    assert await town.desk.told() == [], "nobody is told"
    gone = await town.client.post(page, data=typed("d"))
    assert gone.headers["location"] == f"{paths['Anna']}?besked=slettet"
    assert await kept(town.desk) == []


async def test_the_contact_and_staff_say_it_for_somebody_without_seeing_it_and_what_is_own_stays_own(
    town: Town,
) -> None:
    paths = await on_team(town.desk, "Anna", "Bo", file=ASKS)
    await has_meeting(town.desk)
    people = await ids(town.desk)
    contact = participants_path(town.desk.links, await town.desk.guest())
    page = f"{contact}/hold/behov/{people['Anna']}"
    assert "Kost og adgang" in (await town.client.get(f"{contact}/hold")).text
    form = typed("k", diet_text=NUTS, consent="true")
    assert (await town.client.post(page, data=form)).headers["location"] == f"{contact}/hold?besked=behov"
    for shown in (page, f"{contact}/hold", contact):
        assert NUTS not in (await town.client.get(shown)).text
    path = f"/enrolments/{ENROLMENT}/team/{people['Bo']}/needs"
    answer = await town.api("PUT", path, {"diet_text": NUTS, "consent": True})
    assert answer.json() == {"person_id": people["Bo"], "kept": True}
    unknown = await town.api("PUT", path, {"diet": [NUTS], "consent": True})
    assert (unknown.status_code, unknown.json()["code"], NUTS in unknown.text) == (422, "unknown_need", False)
    for token in (SCOPED, OTHER):
        theirs = {"Authorization": f"Bearer {token}"}
        assert (await town.api("PUT", path, {}, **theirs)).status_code in {403, 404}
    tables = await town.desk.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    everything = "SELECT coalesce(string_agg(t::text, ' '), '') FROM {} AS t"
    rows = {row["relname"]: await town.desk.pool.fetchval(everything.format(row["relname"])) for row in tables}
    assert {table for table, text in rows.items() if NUTS in text} == {"team_needs"}
    # What the person says is theirs from then on.
    own = await town.client.post(f"{paths['Anna']}/behov", data=typed("l", diet="vegetar", consent="true"))
    assert own.status_code == 303
    refused = await town.client.post(page, data=typed("m"))
    assert (refused.status_code, "Deltageren har selv skrevet det" in refused.text) == (409, True)
    assert await kept(town.desk) == ["Anna", "Bo"]
    right = f"/enrolments/{ENROLMENT}/team/{people['Anna']}/needs"
    assert (await town.api("PUT", right, {"diet": ["vegansk"], "consent": True})).json()["kept"] is True
    assert (await town.client.post(page, data=typed("n"))).status_code == 409, "put right by staff, it is still theirs"
    nobody = await town.api("PUT", f"/enrolments/{ENROLMENT}/team/nobody/needs", {"diet": ["vegetar"]})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_on_team")


async def test_whoever_is_only_written_otherwise_keeps_it_and_a_swap_or_a_removal_loses_it(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", "Carl", "Dorte", file=ASKS)
    await has_meeting(desk)
    for name in ("Anna", "Bo", "Carl", "Dorte"):
        await says(desk, name, diet_text=name)
    people = await ids(desk)
    about = {"enrolment_id": ENROLMENT}
    before = await desk.pool.fetchrow("SELECT number, named_at FROM team_members WHERE person_id = $1", people["Anna"])
    right = {"name": "Anne", "email": "anna@k0751.example"}
    await desk.ask(replace_team_member, ReplaceTeamMember(**about, person_id=people["Anna"], **right))
    assert await kept(desk) == ["Anne", "Bo", "Carl", "Dorte"]
    after = await desk.pool.fetchrow("SELECT number, named_at FROM team_members WHERE person_id = $1", people["Anna"])
    assert after == before
    frida = {"name": "Frida", "email": "frida@k0751.example"}
    await desk.ask(replace_team_member, ReplaceTeamMember(**about, person_id=people["Bo"], **frida))
    await desk.ask(remove_team_member, RemoveTeamMember(**about, person_id=people["Carl"]))
    assert await kept(desk) == ["Anne", "Dorte"]
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await desk.pool.execute("UPDATE team_needs SET person_id = $1 WHERE diet_text = 'Anna'", people["Bo"])
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    assert await kept(desk) == []


async def test_it_is_kept_to_the_last_meeting_that_has_a_date_and_each_keeps_its_numbers(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", file=ASKS)
    await has_meeting(desk)
    await has_meeting(desk, SECOND, number=2)
    await has_meeting(desk, None, number=3)
    await says(desk, "Anna", diet=("vegetar",), diet_text=NUTS)
    desk.time = FORGOTTEN
    await desk.ring()
    assert await kept(desk) == ["Anna"]
    numbers = await counts(desk)
    assert (numbers["På faste hold og fra medlemmer"], numbers["Vegetar"], NUTS in numbers) == (2, 1, False)
    # What Bo says now is of the meetings ahead: what was counted stays as it was.
    await says(desk, "Bo", diet=("vegetar",))
    assert (await desk.read(read_needs, meeting_id="m-1"))["forgotten"] is True
    assert await counts(desk) == numbers
    assert (await counts(desk, "m-2"))["Vegetar"] == 2
    await has_meeting(desk, FIRST)
    await desk.ring()
    assert await counts(desk) == numbers, "told of once more, it is not counted again"
    desk.time = FORGOTTEN_SECOND
    await desk.ring()
    assert await kept(desk) == []
    assert (await counts(desk, "m-2"))["Vegetar"] == 2
    assert await armed(desk) == {}
    assert await counts(desk) == numbers
    # One that gets its date later asks again.
    with pytest.raises(Refused, match="needs_closed"):
        await says(desk, "Anna", diet=("vegetar",))
    await has_meeting(desk, THIRD, number=3)
    await says(desk, "Anna", diet=("vegansk",))
    assert (await counts(desk, "m-3"))["Vegansk"] == 1
    assert list(await armed(desk)) == ["m-3"]


async def test_a_meeting_that_gets_a_date_moves_or_is_called_off_takes_the_days_along(desk: Desk) -> None:
    await on_team(desk, "Anna", file=ASKS)
    await has_meeting(desk)
    await has_meeting(desk, None, number=2)
    await says(desk, "Anna", diet=("vegetar",))
    assert await armed(desk) == {"m-1": FORGOTTEN}
    await has_meeting(desk, SECOND, number=2)
    assert await armed(desk) == {"m-1": FORGOTTEN, "m-2": FORGOTTEN_SECOND}
    await has_meeting(desk, FIRST, fact=MeetingCancelled)
    await desk.ring()
    assert await kept(desk) == ["Anna"], "the second is ahead"
    assert await desk.pool.fetchval("SELECT count(*) FROM needs_counts") == 0
    assert (await counts(desk))["På faste hold og fra medlemmer"] == 0, "nobody comes to what is off"
    # It loses its date, and with it goes what was to be kept up to then.
    await has_meeting(desk, None, number=2)
    await desk.ring()
    assert await kept(desk) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM needs_counts") == 0


async def test_a_meeting_that_is_moved_after_it_was_counted_is_counted_anew(desk: Desk) -> None:
    await on_team(desk, "Anna", file=ASKS)
    await has_meeting(desk)
    await says(desk, "Anna", diet=("vegetar",))
    desk.time = FORGOTTEN
    await desk.ring()
    assert (await counts(desk))["Vegetar"] == 1
    await has_meeting(desk, SECOND)
    await says(desk, "Anna", diet=("vegansk",))
    assert (await counts(desk))["Vegansk"] == 1
    desk.time = FORGOTTEN_SECOND
    await desk.ring()
    assert ((await counts(desk))["Vegetar"], (await counts(desk))["Vegansk"]) == (0, 1)


async def test_it_is_forgotten_as_many_at_a_time_as_there_is_room_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Anna", "Bo", "Carl")
    await on_team(desk, *names, file=ASKS)
    await has_meeting(desk)
    for name in names:
        await says(desk, name, diet=("vegetar",))
    desk.time = FORGOTTEN
    monkeypatch.setattr(storage, "AT_ONCE", 2)
    await desk.ring()
    assert len(await kept(desk)) == 1
    assert (await counts(desk))["Vegetar"] == 3
    await desk.ring()
    assert await kept(desk) == []
    assert (await counts(desk))["Vegetar"] == 3


async def test_more_meetings_than_are_armed_at_once_follow_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.enrollment.usecases.set_needs.MOST_ARMED", 1)
    await on_team(desk, "Anna", file=ASKS)
    for number, day in enumerate((FIRST, SECOND, THIRD), start=1):
        await has_meeting(desk, day, number=number)
    await desk.pool.execute("DELETE FROM timers")
    await says(desk, "Anna", diet=("vegetar",))
    assert list(await armed(desk)) == ["m-1"]
    desk.time = FORGOTTEN
    await desk.ring()
    assert await armed(desk) == {"m-2": FORGOTTEN_SECOND}
    desk.time = FORGOTTEN_SECOND
    await desk.ring()
    assert list(await armed(desk)) == ["m-3"]
    assert await kept(desk) == ["Anna"]


async def test_a_programme_that_is_called_off_forgets_its_teams_at_once(desk: Desk) -> None:
    await on_team(desk, "Anna", file=ASKS)
    await has_meeting(desk)
    await says(desk, "Anna", diet=("vegetar",))
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P4, reason="For få tilmeldte"))
    while await desk.ring():
        pass
    assert await kept(desk) == []


async def test_whoever_is_erased_has_said_nothing(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", file=ASKS)
    await has_meeting(desk)
    for name in ("Anna", "Bo"):
        await says(desk, name, diet_text=name)
    anna = (await ids(desk))["Anna"]
    held = await desk.read(FORGETTING.read, person_id=anna)
    assert held["held"]["team_needs"] == [{"diet": [], "diet_text": "Anna", "access": [], "access_text": ""}]
    await desk.ask(erase_person, ErasePerson(person_id=anna))
    while await desk.ring():
        pass
    assert await kept(desk) == ["Bo"]


async def test_nothing_is_kept_of_a_team_whose_only_meeting_is_just_being_called_off(desk: Desk) -> None:
    await on_team(desk, "Anna", file=ASKS)
    meeting = await has_meeting(desk)
    person_id = (await ids(desk))["Anna"]
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P4))
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
    fact = MeetingCancelled.model_validate_json(json.dumps(told))

    async def hears(tx: Tx) -> None:
        received = Received(fact, ref["meetings_owner"], "x", fact.type, fact.subject, None, desk.time, CAUSE)
        await follow_meetings(tx, [received])

    def says_so(tx: Tx) -> Awaitable[Answer]:
        about = {"enrolment_id": ENROLMENT, "person_id": person_id}
        return set_team_needs(tx, SetTeamNeeds(**about, diet=("vegetar",), consent=True))

    _, second = await meet(desk, hears, says_so)
    assert isinstance(second, Refused)
    assert second.code == "needs_closed"
    await desk.ring()
    assert await kept(desk) == []


async def test_what_is_said_while_the_last_meeting_is_forgotten_waits_and_has_its_end(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", file=ASKS)
    await has_meeting(desk)
    await has_meeting(desk, SECOND, number=2)
    await says(desk, "Anna", diet=("vegetar",))
    bo = (await ids(desk))["Bo"]
    desk.time = FORGOTTEN
    await desk.pool.execute("DELETE FROM timers")

    def forgets(tx: Tx) -> Awaitable[None]:
        return forget_needs(tx, [Timer("needs_end", "m-1", FORGOTTEN, {}, CAUSE)])

    def says_so(tx: Tx) -> Awaitable[Answer]:
        about = {"enrolment_id": ENROLMENT, "person_id": bo}
        return set_team_needs(tx, SetTeamNeeds(**about, diet=("vegansk",), consent=True))

    _, second = await meet(desk, forgets, says_so)
    assert isinstance(second, Answer)
    assert ((await counts(desk))["Vegetar"], (await counts(desk))["Vegansk"]) == (1, 0)
    assert await armed(desk) == {"m-2": FORGOTTEN_SECOND}


async def test_a_members_people_are_counted_where_it_is_called_and_nowhere_else(desk: Desk) -> None:
    desk.time = JANUARY
    text = programme_text(P3).replace("version: 3", "version: 2").replace("\nregistration:\n", ASKING)
    await desk.ask(publish_programme, PublishProgramme(file=text))
    firms, council = here(f"{P3}.virksomheder"), here(f"{P3}.beskaeftigelsesraad")
    for code in ("virksomheder", "beskaeftigelsesraad", "tec"):
        await desk.knows(f"{P3}.{code}", main_email=f"kontor@{code}.example")
    for enrolment in (firms, council, here(f"{P3}.tec")):
        name = f"En {enrolment[:4]}"
        named = NameTeamMember(enrolment_id=enrolment, name=name, email=f"en{enrolment[:4]}@medlem.example")
        await desk.ask(name_team_member, named)
    for number in (1, 2):
        await has_meeting(desk, f"2013-0{number + 2}-15", number=number, kind="temamoede", programme=P3)
    await must_agree(desk, P3)
    ad_hoc = [
        row["id"]
        for row in await desk.pool.fetch("SELECT id FROM enrolments WHERE ad_hoc AND id = ANY($1)", [firms, council])
    ]
    for one in ad_hoc:
        await desk.ask(invite_member, InviteMember(enrolment_id=one, meeting_id="m-1"))
    counted = await must_agree(desk, P3)
    assert counted["m-1"] - counted["m-2"] == len(ad_hoc) > 0


async def test_what_the_kitchen_counts_is_what_the_domain_says_that_teams_are_invited_to(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", file=ASKS)
    await desk.enrol(
        sign_up(
            KOEBENHAVN,
            programme_id=P4,
            answers=dict.fromkeys(("politisk-opbakning", "samarbejdspartnere", "tovholder"), "true"),
        )
    )
    other = enrolment_id(P4, KOEBENHAVN)
    named = NameTeamMember(enrolment_id=other, name="Gerda", email="gerda@k0101.example")
    await desk.ask(name_team_member, named)
    await desk.pool.execute("UPDATE enrolments SET group_id = 'oest' WHERE id = $1", other)
    await has_meeting(desk, number=1)
    await has_meeting(desk, number=2, group="oest")
    await has_meeting(desk, number=3, group="vest")
    await has_meeting(desk, number=4, kind="ukendt")
    await has_meeting(desk, number=5, roles=("tovholder",))
    await has_meeting(desk, None, number=6, kind="temamoede")
    await has_meeting(desk, number=7, fact=MeetingCancelled)
    assert await must_agree(desk, P4) == {"m-1": 3, "m-2": 1, "m-3": 0, "m-4": 0, "m-5": 0, "m-6": 3, "m-7": 0}
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=other))
    assert (await must_agree(desk, P4))["m-1"] == 2


async def must_agree(desk: Desk, programme_id: str) -> dict[str, int]:
    """How many come by their team, by meeting, as SQL counts them; the domain rule says the same."""
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        meetings = await tx.fetch("SELECT id, state FROM meetings WHERE programme_id = $1 ORDER BY id", programme_id)
        by_sql = {row["id"]: (await needs.count_people(tx, row["id"]))["team"] for row in meetings}
        by_rule = dict.fromkeys(by_sql, 0)
        for row in await tx.fetch("SELECT id FROM enrolments WHERE programme_id = $1", programme_id):
            enrolment = await enrolments.load(tx, row["id"])
            assert enrolment is not None
            team = await teams.load(tx, await programmes.load_of(tx, enrolment), enrolment)
            for copy in (await load_team_meetings(tx, team)).copies if enrolment.has_place else ():
                by_rule[copy.meeting.id] += len(team.members) if copy.state != "cancelled" else 0
    assert by_sql == by_rule
    return by_sql


async def test_what_nobody_could_have_said_cannot_be_stored(desk: Desk) -> None:
    await on_team(desk, "Anna", file=ASKS)
    await has_meeting(desk)
    await says(desk, "Anna", diet_text=NUTS)
    days = ("keep_days = 0", "keep_days = 61")
    for wrong in ("consent = ''", *days, "diet_text = ''", "diet = NULL", "consented_at = NULL", "own = NULL"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await desk.pool.execute(f"UPDATE team_needs SET {wrong}")


async def test_guests_and_teams_are_one_count(desk: Desk) -> None:
    await on_team(desk, "Anna", "Bo", file=ASKS)
    await has_meeting(desk)
    await desk.ask(invite_guest, inviting("m-1"))
    await says(desk, "Anna", diet=("vegetar",), diet_text=NUTS)
    async with desk.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM guests") == 1
    assert await counts(desk) == {
        "Tilmeldte deltagere": 0,
        "På faste hold og fra medlemmer": 2,
        "Gæster": 1,
        "Har skrevet kost eller adgang": 1,
        "Vegetar": 1,
        "Vegansk": 0,
        "Adgang uden trin": 0,
        NUTS: 1,
    }
