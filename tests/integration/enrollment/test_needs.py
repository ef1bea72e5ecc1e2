"""Diet and access: said on consent, seen by nobody else, counted for the kitchen, gone with the seat or its days."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from deploy.local.locations import ROOT
from services.enrollment.adapters.links import participants_path
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.follow_meetings import follow_meetings
from services.enrollment.usecases.read_needs import read_needs
from services.enrollment.usecases.replace_participant import replace_participant
from services.enrollment.usecases.set_needs import SetNeeds, set_needs
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.base.links import Links
from shared.contracts.enrollment import (
    CancelParticipant,
    ErasePerson,
    ParticipantRegistered,
    ReplaceParticipant,
    WithdrawEnrolment,
)
from shared.contracts.programme import ProgrammeRef
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingCancelled, MeetingRescheduled, When
from shared.storage import tx as storage
from shared.storage.pool import open_pool
from shared.storage.tx import Tx
from tests.support.enrollment_desk import CAUSE, Desk, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, TOKEN, Town
from tests.support.meeting_point import meet
from tests.support.servers import MakeDatabase

NUTS = "Kan ikke tåle hvalnødder"
ASKS = programme_text().replace(
    "\nregistration:\n",
    """
registration:
  needs:
    consent: Ja, I må gemme det til mødet.
    diet:
      label: "Hvad spiser du ikke?"
      choices: [{id: vegetar, title: Vegetar}, {id: vegansk, title: Vegansk}]
      text: true
    access: {label: "Hvad har du brug for?", choices: [{id: rampe, title: Adgang uden trin}]}
""",
)
BEFORE_IT_ENDS, FORGOTTEN = datetime(2021, 4, 29, 21, 59, tzinfo=UTC), datetime(2021, 4, 29, 22, tzinfo=UTC)
EVERYTHING = "SELECT coalesce(string_agg(t::text, ' '), '') FROM {} AS t"


class Seated:
    """People at a meeting that asks."""

    def __init__(self, enrolment: str, meeting: str, people: dict[str, str], paths: dict[str, str]) -> None:
        self.enrolment, self.meeting, self.people, self.paths = enrolment, meeting, people, paths

    def says(self, name: str, **said: Any) -> SetNeeds:
        about = {"enrolment_id": self.enrolment, "meeting_id": self.meeting, "person_id": self.people[name]}
        return SetNeeds(**about, **{"consent": True, **said})

    @property
    def about(self) -> dict[str, str]:
        return {"enrolment_id": self.enrolment, "meeting_id": self.meeting}


async def seated(desk: Desk, *names: str) -> Seated:
    await desk.publish(ASKS)
    await desk.enrol(sign_up())
    enrolment = await desk.pool.fetchval("SELECT id FROM enrolments")
    meeting = (await desk.has_meeting()).id
    await desk.told()
    people, paths = {}, {}
    for name in names:
        people[name] = (await desk.register(enrolment, meeting, name))["person_id"]
        (fact,) = [one for one in await desk.told() if isinstance(one, ParticipantRegistered)]
        paths[name] = fact.seat_path or ""
    return Seated(enrolment, meeting, people, paths)


async def kept(desk: Desk) -> list[tuple[str, list[str], str]]:
    rows = await desk.pool.fetch("SELECT name, diet, diet_text FROM needs JOIN people USING (person_id) ORDER BY name")
    return [(row["name"], row["diet"], row["diet_text"]) for row in rows]


async def counts(desk: Desk, meeting: str) -> dict[str, int]:
    shown = await desk.read(read_needs, meeting_id=meeting)
    return {one["title"] or one["text"]: one["how_many"] for one in shown["needs"]}


async def off(desk: Desk, meeting: str, moved_to: str = "") -> MeetingCancelled | MeetingRescheduled:
    row = await desk.pool.fetchrow(
        "SELECT p.terms->>'ref' AS ref, m.meeting::text AS meeting "
        "FROM meetings m JOIN programmes p ON p.id = programme_id WHERE m.id = $1",
        meeting,
    )
    assert row is not None
    about = {
        "owner": "/tovholder/scheduling",
        "programme": ProgrammeRef.model_validate_json(row["ref"]).model_dump(mode="json"),
        "meeting": json.loads(row["meeting"]),
    }
    if not moved_to:
        return MeetingCancelled.model_validate_json(json.dumps(about))
    about["meeting"]["when"] = {"first_day": moved_to, "last_day": moved_to}
    before = When.model_validate_json('{"first_day": "2021-04-15", "last_day": "2021-04-15"}')
    about |= {"previous": before.model_dump(mode="json")}
    return MeetingRescheduled.model_validate_json(json.dumps(about))


async def test_a_participant_says_it_sees_it_and_takes_it_back_in_one_step(town: Town) -> None:
    there = await seated(town.desk, "Anna", "Bo")
    page = f"{there.paths['Anna']}/behov"
    form = {"_key": "k" * 32, "diet": "vegetar", "diet_text": f" {NUTS}  i dag ", "access": "rampe"}
    refused = await town.client.post(page, data=form)
    assert (refused.status_code, "Sæt kryds ved samtykket" in refused.text, NUTS in refused.text) == (422, True, True)
    assert await kept(town.desk) == []
    saved = await town.client.post(page, data={**form, "_key": "l" * 32, "consent": "true"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{there.paths['Anna']}?besked=gemt")
    row = await town.desk.pool.fetchrow("SELECT * FROM needs")
    assert row is not None
    assert (row["diet"], row["diet_text"], row["access"]) == (["vegetar"], f"{NUTS} i dag", ["rampe"])
    assert (row["consent"], row["consented_at"], row["actor"], row["keep_days"]) == (
        "Ja, I må gemme det til mødet.",
        town.desk.time,
        f"person/{there.people['Anna']}",
        14,
    )
    shown = (await town.client.get(page)).text
    assert NUTS in shown
    assert shown.count("checked") == 3
    # Nobody else is shown it: a colleague, the contact.
    contact = participants_path(town.desk.links, await town.desk.guest())
    for other in (there.paths["Bo"], f"{there.paths['Bo']}/behov", f"{contact}/{there.meeting}"):
        assert NUTS not in (await town.client.get(other)).text
    theirs = f"{contact}/{there.meeting}/behov/{there.people['Anna']}"
    assert NUTS not in (await town.client.get(theirs)).text
    other = await town.client.post(theirs, data={"_key": "m" * 32})
    assert (other.status_code, "Deltageren har selv skrevet det" in other.text) == (409, True)
    assert await town.desk.told() == [], "nobody is told"
    gone = await town.client.post(page, data={"_key": "n" * 32})
    assert gone.headers["location"] == f"{there.paths['Anna']}?besked=slettet"
    assert await kept(town.desk) == []


async def test_the_contact_and_staff_say_it_for_somebody_and_nothing_else_holds_a_word_of_it(town: Town) -> None:
    there = await seated(town.desk, "Anna", "Bo")
    contact = participants_path(town.desk.links, await town.desk.guest())
    page = f"{contact}/{there.meeting}/behov/{there.people['Anna']}"
    form = {"_key": "k" * 32, "diet": ["vegetar", "vegansk"], "diet_text": NUTS, "consent": "true"}
    assert (await town.client.post(page, data=form)).status_code == 303
    path = f"/enrolments/{there.enrolment}/meetings/{there.meeting}/participants/{there.people['Bo']}/needs"
    answer = await town.api("PUT", path, {"diet_text": NUTS, "consent": True})
    assert answer.json() == {"person_id": there.people["Bo"], "kept": True}
    unknown = await town.api("PUT", path, {"diet": [NUTS], "consent": True})
    assert (unknown.status_code, unknown.json()["code"], NUTS in unknown.text) == (422, "unknown_need", False)
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    assert (await town.api("PUT", path, {}, **theirs)).status_code in {403, 404}
    assert (await kept(town.desk))[0] == ("Anna", ["vegetar", "vegansk"], NUTS)
    tables = await town.desk.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    rows = {row["relname"]: await town.desk.pool.fetchval(EVERYTHING.format(row["relname"])) for row in tables}
    holds = {table for table, text in rows.items() if NUTS in text or "vegansk" in text}
    # The programme names its choices, and so do its file and what is told of it.
    assert holds == {"needs", "programmes", "programme_versions"}
    assert {table for table, text in rows.items() if NUTS in text} == {"needs"}
    told = await town.desk.pool.fetchval("SELECT string_agg(convert_from(payload, 'UTF8'), ' ') FROM outbox")
    assert ("Anna" in told, NUTS in told) == (True, False)


async def test_what_the_participant_has_said_stays_theirs_whoever_of_staff_saves_it(town: Town) -> None:
    there = await seated(town.desk, "Anna")
    own = {"_key": "k" * 32, "diet": "vegetar", "diet_text": NUTS, "consent": "true"}
    assert (await town.client.post(f"{there.paths['Anna']}/behov", data=own)).status_code == 303
    said = await town.desk.pool.fetchrow("SELECT * FROM needs")
    path = f"/enrolments/{there.enrolment}/meetings/{there.meeting}/participants/{there.people['Anna']}/needs"
    await town.api("PUT", path, {"diet": ["vegetar"], "diet_text": NUTS, "consent": True})
    assert await town.desk.pool.fetchrow("SELECT * FROM needs") == said, "the very same words change nothing"
    contact = participants_path(town.desk.links, await town.desk.guest())
    theirs = f"{contact}/{there.meeting}/behov/{there.people['Anna']}"
    for key, diet in (("m", ["vegetar"]), ("n", ["vegansk"])):
        assert (await town.api("PUT", path, {"diet": diet, "consent": True})).json()["kept"] is True
        refused = await town.client.post(theirs, data={"_key": key * 32})
        assert (refused.status_code, "Deltageren har selv skrevet det" in refused.text) == (409, True)
        assert await kept(town.desk) == [("Anna", diet, "")]
    # What is taken back is nobody's: what staff say then is staff's.
    assert (await town.api("PUT", path)).json()["kept"] is False
    await town.api("PUT", path, {"diet": ["vegansk"], "consent": True})
    assert (await town.client.post(theirs, data={"_key": "o" * 32})).status_code == 303
    assert await kept(town.desk) == []


async def test_what_participants_have_said_before_is_theirs_after_the_upgrade(
    database: MakeDatabase, links: Links
) -> None:
    where = await database("enrollment")
    async with await open_pool(where.url, "test") as pool:
        desk = Desk(pool, links)
        there = await seated(desk, "Anna", "Bo")
        for name in there.people:
            await desk.ask(set_needs, there.says(name, diet_text=name))
        await pool.execute("UPDATE needs SET actor = 'person/' || person_id WHERE diet_text = 'Anna'")
    (upgrade,) = (ROOT / "services" / "enrollment" / "migrations").glob("*_own_needs.sql")
    owner = await asyncpg.connect(where.owner_url)
    await owner.execute("ALTER TABLE needs DROP COLUMN own")
    await owner.execute(upgrade.read_text(encoding="utf-8"))
    found = await owner.fetch("SELECT diet_text, own FROM needs ORDER BY diet_text")
    await owner.close()
    assert [(row["diet_text"], row["own"]) for row in found] == [("Anna", True), ("Bo", False)]


async def test_the_kitchen_gets_numbers_and_texts_without_names(town: Town) -> None:
    there = await seated(town.desk, "Anna", "Bo", "Cecilie")
    for name, said in (("Anna", "Æg"), ("Bo", "Bønner"), ("Cecilie", "Æg")):
        await town.desk.ask(set_needs, there.says(name, diet=("vegetar",), diet_text=said))
    path = f"/meetings/{there.meeting}/needs"
    shown = await town.desk.read(read_needs, meeting_id=there.meeting)
    assert [(one["part"], one["title"], one["text"], one["how_many"]) for one in shown["needs"]] == [
        ("people", "Tilmeldte deltagere", "", 3),
        ("people", "På faste hold og fra medlemmer", "", 0),
        ("people", "Gæster", "", 0),
        ("people", "Har skrevet kost eller adgang", "", 3),
        ("diet", "Vegetar", "", 3),
        ("diet", "Vegansk", "", 0),
        ("access", "Adgang uden trin", "", 0),
        ("diet", "", "Bønner", 1),
        ("diet", "", "Æg", 2),
    ]
    staff = {"Authorization": f"Bearer {TOKEN}"}
    table = (await town.client.get(f"/api/enrollment{path}?format=csv", headers=staff)).text
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert [(one["Del"], one["Titel"], one["Tekst"], one["Antal"]) for one in rows][-1] == ("diet", "", "Æg", "2")
    assert len(rows) == len(shown["needs"])
    assert not any(name in table for name in there.people)
    assert (await town.client.get(f"/api/enrollment{path}?format=xlsx", headers=staff)).status_code == 200
    client = {"Authorization": f"Bearer {SCOPED}"}
    assert (await town.client.get(f"/api/enrollment{path}", headers=client)).status_code == 403
    first = (await town.api("GET", f"{path}?limit=8")).json()
    rest = (await town.api("GET", f"{path}?limit=8&cursor={first['next']}")).json()
    assert [one["text"] for one in rest["needs"]] == ["Æg"]
    assert (await town.api("GET", "/meetings/unknown/needs")).json()["code"] == "unknown_meeting"
    await town.desk.publish(programme_text().replace("version: 1", "version: 2"))
    other = await town.desk.has_meeting(kind="digital")
    assert (await town.api("GET", f"/meetings/{other.id}/needs")).json()["code"] == "no_needs"


async def test_it_goes_with_the_seat_and_stays_when_only_the_name_is_put_right(desk: Desk) -> None:
    there = await seated(desk, "Anna", "Bo", "Cecilie")
    for name in there.people:
        await desk.ask(set_needs, there.says(name, diet_text=name))
    right = {"name": "Anne", "email": "anna@kommune.example"}
    await desk.ask(replace_participant, ReplaceParticipant(**there.about, person_id=there.people["Anna"], **right))
    assert [text for *_, text in await kept(desk)] == ["Anna", "Bo", "Cecilie"]
    frida = {"name": "Frida", "email": "frida@kommune.example"}
    await desk.ask(replace_participant, ReplaceParticipant(**there.about, person_id=there.people["Anna"], **frida))
    await desk.ask(cancel_participant, CancelParticipant(**there.about, person_id=there.people["Bo"]))
    assert [text for *_, text in await kept(desk)] == ["Cecilie"]
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=there.enrolment))
    assert await kept(desk) == []
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await desk.pool.execute(
            "INSERT INTO needs VALUES ($1, 'nobody', '{vegetar}', '', '{}', '', 'Ja', now(), 14, 'c', NULL, NULL)",
            await desk.pool.fetchval("SELECT id FROM rosters"),
        )


async def test_so_many_days_after_the_meeting_only_the_numbers_stay(desk: Desk) -> None:
    there = await seated(desk, "Anna", "Bo")
    await desk.ask(set_needs, there.says("Anna", diet=("vegetar",), diet_text=NUTS))
    await desk.ask(set_needs, there.says("Bo", diet=("vegetar",), access=("rampe",)))
    desk.time = BEFORE_IT_ENDS
    await desk.ring()
    assert len(await kept(desk)) == 2
    desk.time = FORGOTTEN
    await desk.ring()
    assert await kept(desk) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = 'needs_end'") == 0
    shown = await desk.read(read_needs, meeting_id=there.meeting)
    assert shown["forgotten"] is True
    assert await counts(desk, there.meeting) == {
        "Tilmeldte deltagere": 2,
        "På faste hold og fra medlemmer": 0,
        "Gæster": 0,
        "Har skrevet kost eller adgang": 2,
        "Vegetar": 2,
        "Vegansk": 0,
        "Adgang uden trin": 1,
    }
    late = await desk.refusal(set_needs, there.says("Anna", diet=("vegetar",)))
    assert late.code == "needs_closed"


async def test_many_are_forgotten_a_few_at_a_time_and_counted_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    there = await seated(desk, "Anna", "Bo", "Cecilie")
    for name in there.people:
        await desk.ask(set_needs, there.says(name, diet=("vegetar",)))
    desk.time = FORGOTTEN
    monkeypatch.setattr(storage, "AT_ONCE", 2)
    await desk.ring()
    assert len(await kept(desk)) == 1
    await desk.ring()
    assert await kept(desk) == []
    assert (await counts(desk, there.meeting))["Vegetar"] == 3


async def test_a_later_version_deletes_nothing_and_lengthens_nobodys_days(desk: Desk) -> None:
    there = await seated(desk, "Anna", "Bo")
    await desk.ask(set_needs, there.says("Anna", diet=("vegetar",)))
    await desk.publish(
        ASKS.replace("version: 1\n", "version: 2\n").replace("    diet:\n", "    keep_days: 60\n    diet:\n")
    )
    await desk.ask(set_needs, there.says("Bo", diet=("vegansk",)))
    await desk.publish(programme_text().replace("version: 1\n", "version: 3\n"))
    assert (await desk.refusal(set_needs, there.says("Bo", diet=("vegetar",)))).code == "no_needs"
    assert await counts(desk, there.meeting) == {
        "Tilmeldte deltagere": 2,
        "På faste hold og fra medlemmer": 0,
        "Gæster": 0,
        "Har skrevet kost eller adgang": 2,
        "vegetar": 1,
        "vegansk": 1,
    }
    desk.time = FORGOTTEN
    await desk.ring()
    assert await kept(desk) == []


async def test_a_meeting_that_moves_takes_its_days_along_and_one_that_is_cancelled_forgets_at_once(desk: Desk) -> None:
    there = await seated(desk, "Anna")
    await desk.ask(set_needs, there.says("Anna", diet_text=NUTS))
    await desk.hear(await off(desk, there.meeting, moved_to="2021-05-20"))
    desk.time = FORGOTTEN
    await desk.ring()
    assert len(await kept(desk)) == 1
    await desk.hear(await off(desk, there.meeting))
    await desk.ring()
    assert await kept(desk) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM needs_counts") == 0, "nobody came"


async def test_nothing_is_kept_of_a_meeting_that_is_just_being_called_off(desk: Desk) -> None:
    there = await seated(desk, "Anna")
    fact = await off(desk, there.meeting)

    async def hears(tx: Tx) -> None:
        received = Received(fact, "/tovholder/scheduling", "x", fact.type, fact.subject, None, desk.time, CAUSE)
        await follow_meetings(tx, [received])

    def says(tx: Tx) -> Awaitable[Answer]:
        return set_needs(tx, there.says("Anna", diet_text=NUTS))

    _, second = await meet(desk, hears, says)
    assert isinstance(second, Refused)
    assert second.code == "needs_closed"
    await desk.ring()
    assert await kept(desk) == []


async def test_whoever_is_erased_has_said_nothing(desk: Desk) -> None:
    there = await seated(desk, "Anna", "Bo")
    for name in there.people:
        await desk.ask(set_needs, there.says(name, diet_text=name))
    held = await desk.read(FORGETTING.read, person_id=there.people["Anna"])
    assert held["held"]["needs"] == [{"diet": [], "diet_text": "Anna", "access": [], "access_text": ""}]
    # After the meeting the seat stays, and what was needed at it does not.
    desk.time = datetime(2021, 4, 20, tzinfo=UTC)
    await desk.ask(erase_person, ErasePerson(person_id=there.people["Anna"]))
    while await desk.ring():
        pass
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 2
    assert [text for *_, text in await kept(desk)] == ["Bo"]


async def test_what_nobody_could_have_said_cannot_be_stored(desk: Desk) -> None:
    there = await seated(desk, "Anna")
    await desk.ask(set_needs, there.says("Anna", diet_text=NUTS))
    days = ("keep_days = 0", "keep_days = 61")
    for wrong in ("consent = ''", *days, "diet_text = ''", "diet = NULL", "consented_at = NULL", "own = NULL"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await desk.pool.execute(f"UPDATE needs SET {wrong}")
