"""What a public organiser's archive is handed, and that nobody is erased from it before it has it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

from services.enrollment.adapters.papers import PAPERS
from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.read_papers import read_papers, read_version
from services.enrollment.usecases.record_archive import read_archive, record_archive
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.set_needs import SetNeeds, set_needs
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeCapacity,
    ChangeContact,
    ErasePerson,
    PersonErased,
    ProgrammeArchived,
    RecordArchive,
    RegisterParticipant,
    ResolveReservation,
    WithdrawEnrolment,
)
from shared.storage.tx import Tx
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import TOKEN, Town
from tests.support.meeting_point import meet

PUBLIC = programme_text().replace("\norganiser:\n", "\norganiser:\n  archive: true\n", 1)
BO = "bo@k0751.example"
STAFF = {"Authorization": f"Bearer {TOKEN}"}
FORMULA = "=HYPERLINK(A1) Prøvesen"


def archived(desk: Desk, sha256: str = "0" * 64, **ago: float) -> RecordArchive:
    return RecordArchive(programme_id=P1, read_at=desk.time - timedelta(**ago), sha256=sha256, files=40)


async def public(desk: Desk, **more: Any) -> tuple[str, str, str]:
    """P1 of a public organiser, with Aarhus and Bo: the enrolment, the meeting and his id."""
    await desk.publish(PUBLIC)
    await desk.enrol(sign_up(AARHUS, **more))
    (row,) = await desk.pool.fetch("SELECT id FROM enrolments")
    meeting = await desk.has_meeting()
    person = await takes_part(desk, row["id"], meeting.id)
    await desk.told()
    return row["id"], meeting.id, person


async def takes_part(desk: Desk, enrolment: str, meeting: str, name: str = "Bo Prøvesen", email: str = BO) -> str:
    command = RegisterParticipant(enrolment_id=enrolment, meeting_id=meeting, name=name, email=email)
    return str((await desk.ask(register_participant, command))["person_id"])


async def rows(desk: Desk, paper: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await desk.read(read_papers, programme_id=P1, paper=paper))[paper]
    return found


async def test_nobody_is_erased_before_the_archive_has_what_was_last_changed_about_them(desk: Desk) -> None:
    enrolment, meeting, bo = await public(desk)
    refused = await desk.refusal(erase_person, ErasePerson(email=BO))
    assert (refused.code, refused.extra["programmes"]) == ("archive_first", [P1])
    assert await desk.told() == []
    assert await desk.pool.fetchval("SELECT count(*) FROM erased_persons") == 0

    # What was read before he came says nothing of him.
    await desk.ask(record_archive, archived(desk, hours=1))
    assert (await desk.refusal(erase_person, ErasePerson(person_id=bo))).code == "archive_first"
    await desk.told()
    desk.time += timedelta(days=1)
    await desk.ask(record_archive, archived(desk, "1" * 64, hours=1))
    # And what he does afterwards is not in it.
    cancelled = CancelParticipant(enrolment_id=enrolment, meeting_id=meeting, person_id=bo)
    await desk.ask(cancel_participant, cancelled)
    assert (await desk.refusal(erase_person, ErasePerson(person_id=bo))).code == "archive_first"
    desk.time += timedelta(days=1)
    await desk.ask(record_archive, archived(desk, "2" * 64))
    await desk.told()

    shown = await desk.read(FORGETTING.read, person_id=bo)
    answer = await desk.ask(erase_person, ErasePerson(email=BO))
    assert answer["stays"] == shown["stays"], "what is shown beforehand is what is answered"
    assert "som de stod den onsdag den 3. juni 2020" in answer["stays"][0]
    assert answer["unarchived"] == []
    assert PersonErased in {type(fact) for fact in await desk.told()}


async def test_what_becomes_of_the_enrolment_is_about_whoever_stands_in_it(desk: Desk) -> None:
    enrolment, _, bo = await public(desk)
    desk.time += timedelta(days=1)
    await desk.ask(record_archive, archived(desk))
    desk.time += timedelta(days=1)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    assert (await desk.refusal(erase_person, ErasePerson(person_id=bo))).code == "archive_first"


async def test_the_answer_to_a_forbehold_is_about_whoever_stands_in_the_enrolment(desk: Desk) -> None:
    await desk.publish(PUBLIC.replace("  contact_label:", "  reservation_allowed: true\n  contact_label:", 1))
    await desk.enrol(sign_up(AARHUS, forbehold=True))
    (row,) = await desk.pool.fetch("SELECT id FROM enrolments")
    bo = await takes_part(desk, row["id"], (await desk.has_meeting()).id)
    desk.time += timedelta(days=1)
    await desk.ask(record_archive, archived(desk))
    desk.time += timedelta(days=1)
    await desk.ask(resolve_reservation, ResolveReservation(enrolment_id=row["id"], approved=True))
    assert (await desk.refusal(erase_person, ErasePerson(person_id=bo))).code == "archive_first"


async def test_whoever_is_erased_already_is_erased_once_more_whatever_the_archive_has(desk: Desk) -> None:
    _, _, bo = await public(desk)
    desk.time += timedelta(days=1)
    await desk.ask(record_archive, archived(desk))
    desk.time += timedelta(days=1)
    # That the seat is left is a change of its own, and no archive has it.
    await desk.ask(erase_person, ErasePerson(person_id=bo))
    assert (await desk.ask(erase_person, ErasePerson(person_id=bo)))["erased"] == [bo]


async def test_a_contact_who_was_replaced_stands_in_the_papers_too(desk: Desk) -> None:
    enrolment, _, _ = await public(desk)
    changed = ChangeContact(enrolment_id=enrolment, name="Eva Efter", email="eva@k0751.example")
    await desk.ask(change_contact, changed)
    assert (await desk.refusal(erase_person, ErasePerson(email="karen@k0751.example"))).code == "archive_first"
    desk.time += timedelta(hours=1)
    await desk.ask(record_archive, archived(desk))
    await desk.ask(erase_person, ErasePerson(email="karen@k0751.example"))


async def test_where_no_archive_waits_nobody_is_kept_for_one(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting()
    await takes_part(desk, enrolment, meeting.id)
    answer = await desk.ask(erase_person, ErasePerson(email=BO))
    assert "arkiv" not in " ".join(answer["stays"])


async def test_staff_may_erase_all_the_same_and_why_is_kept_without_the_name(desk: Desk) -> None:
    _, _, bo = await public(desk)
    wish = ErasePerson(person_id=bo, also_unarchived=True)
    assert (await desk.refusal(erase_person, wish)).code == "reason_missing"
    because = "Bo Prøvesen har fået adressebeskyttelse."
    answer = await desk.ask(erase_person, ErasePerson(person_id=bo, also_unarchived=True, reason=because))
    assert answer["unarchived"] == [P1]
    while await desk.ring():
        pass
    (kept,) = await desk.pool.fetch("SELECT programme_id, erased_ids, because, actor FROM unarchived_erasures")
    assert dict(kept) == {
        "programme_id": P1,
        "erased_ids": [bo],
        "because": "slettet har fået adressebeskyttelse.",
        "actor": "token/test",
    }
    (shown,) = (await desk.read(read_archive, programme_id=P1))["erased_before"]
    assert (shown["reason"], shown["by"]) == (kept["because"], "token/test")


async def test_two_who_record_the_same_archive_tell_it_once(desk: Desk) -> None:
    await public(desk)
    wish = archived(desk)

    async def one(tx: Tx) -> Any:
        return (await record_archive(tx, wish)).body

    first, second = await meet(desk, one, one)
    assert ([first["changed"], second["changed"]]) == [True, False]  # type: ignore[index]
    (fact,) = await desk.told()
    assert isinstance(fact, ProgrammeArchived)
    assert (fact.read_at, fact.sha256, fact.files) == (wish.read_at, wish.sha256, 40)
    known = await desk.read(read_archive, programme_id=P1)
    assert (known["archive"], known["read_at"]) == (True, (desk.time - timedelta(minutes=1)).isoformat())
    assert known["archived"] == [{"read_at": wish.read_at.isoformat(), "sha256": wish.sha256, "files": 40}]


async def test_what_cannot_be_is_refused_and_not_kept(desk: Desk) -> None:
    await public(desk)
    for wish, code in (
        (archived(desk, hours=-1), "read_in_future"),
        (archived(desk, "x" * 64), "not_a_sha256"),
        (RecordArchive(programme_id="nej", read_at=desk.time, sha256="0" * 64, files=1), "unknown_programme"),
    ):
        assert (await desk.refusal(record_archive, wish)).code == code
    assert await desk.pool.fetchval("SELECT count(*) FROM programme_archives") == 0


async def test_each_version_of_the_file_is_kept_as_it_was_published(desk: Desk) -> None:
    await desk.publish(PUBLIC)
    later = PUBLIC.replace("version: 1", "version: 2", 1).replace("\ntitle: ", "\ntitle: Nyt ", 1)
    desk.time += timedelta(days=1)
    await desk.publish(later)
    await desk.publish(later)
    versions = await rows(desk, "versions")
    assert [(one["version"], one["file_kept"], one["by"]) for one in versions] == [
        (1, True, "token/test"),
        (2, True, "token/test"),
    ]
    assert versions[1]["published_at"] == desk.time.isoformat()
    assert (await desk.read(read_version, programme_id=P1, version="1"))["yaml"] == PUBLIC
    assert (await desk.read(read_version, programme_id=P1, version="2"))["yaml"] == later


async def test_a_version_that_another_build_published_is_there_without_its_text(desk: Desk) -> None:
    await desk.publish(PUBLIC)
    await desk.pool.execute("DELETE FROM programme_versions")
    assert [(one["version"], one["file_kept"]) for one in await rows(desk, "versions")] == [(1, False)]
    found = await desk.read(read_version, programme_id=P1, version="1")
    assert (found["yaml"], found["terms"]["archive"]) == (None, True)


async def test_places_that_staff_change_are_a_version_without_a_file(desk: Desk) -> None:
    capacity = "  capacity: {usual: 5, hard: 6}\n  contact_label:"
    await desk.publish(PUBLIC.replace("  contact_label:", capacity, 1))
    await desk.ask(change_capacity, ChangeCapacity(programme_id=P1, usual=6, hard=7))
    found = await desk.read(read_version, programme_id=P1, version="2")
    assert (found["yaml"], found["terms"]["enrolment"]["capacity"]["hard"]) == (None, 7)


async def test_what_was_decided_stays_however_it_is_decided_later(desk: Desk) -> None:
    await desk.publish(PUBLIC.replace("  contact_label:", "  reservation_allowed: true\n  contact_label:", 1))
    await desk.enrol(sign_up(AARHUS, forbehold=True, forbehold_committee="Byrådet"))
    (row,) = await desk.pool.fetch("SELECT id FROM enrolments")
    enrolment = row["id"]
    desk.time += timedelta(days=1)
    await desk.ask(resolve_reservation, ResolveReservation(enrolment_id=enrolment, approved=True))
    # Another contact is no decision about the enrolment.
    changed = ChangeContact(enrolment_id=enrolment, name="Eva Efter", email="eva@k0751.example")
    await desk.ask(change_contact, changed)
    desk.time += timedelta(days=1)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    decided = await rows(desk, "decisions")
    assert [(one["state"], one["forbehold"]) for one in decided] == [
        ("Plads bekræftet", "åbent"),
        ("Plads bekræftet", "godkendt"),
        ("Afmeldt", "godkendt"),
    ]
    assert [one["decided_at"] for one in decided] == [
        datetime(2020, 6, day, 8, tzinfo=UTC).isoformat() for day in (1, 2, 3)
    ]
    assert {one["by"] for one in decided} == {"token/test"}


async def test_who_came_and_went_is_in_the_papers_and_what_they_need_is_not(desk: Desk) -> None:
    asked = "\nregistration:\n  needs: {consent: Ja., diet: {label: Kost, text: true}}\n"
    await desk.publish(PUBLIC.replace("\nregistration:\n", asked))
    await desk.enrol(sign_up(AARHUS), sign_up(HVIDOVRE))
    (enrolment,) = await desk.pool.fetch("SELECT id FROM enrolments WHERE organisation_code = '0751'")
    meeting = await desk.has_meeting()
    bo = await takes_part(desk, enrolment["id"], meeting.id)
    said = SetNeeds(
        enrolment_id=enrolment["id"], meeting_id=meeting.id, person_id=bo, diet_text="Hverken nødder", consent=True
    )
    await desk.ask(set_needs, said)
    (seat,) = await rows(desk, "seats")
    assert (seat["name"], seat["email"], seat["organisation_code"]) == ("Bo Prøvesen", BO, AARHUS)
    await desk.ask(
        cancel_participant, CancelParticipant(enrolment_id=enrolment["id"], meeting_id=meeting.id, person_id=bo)
    )
    assert [(one["name"], one["move"]) for one in await rows(desk, "moves")] == [
        ("Bo Prøvesen", "kom til"),
        ("Bo Prøvesen", "gik fra"),
    ]
    everything = [await rows(desk, paper) for paper in (*PAPERS, "enrolments")]
    assert "nødder" not in str(everything)
    assert len(await rows(desk, "enrolments")) == 2


async def test_a_list_is_a_table_in_which_no_name_is_a_formula(town: Town) -> None:
    await town.desk.publish(PUBLIC)
    await town.desk.enrol(sign_up(AARHUS))
    (row,) = await town.desk.pool.fetch("SELECT id FROM enrolments")
    meeting = await town.desk.has_meeting()
    await takes_part(town.desk, row["id"], meeting.id, name=FORMULA)
    path = f"/api/enrollment/programmes/{P1}/papers/seats/rows?format=csv"
    answer = await town.client.get(path, headers=STAFF)
    (seat,) = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert (seat["Navn"], seat["E-mail"]) == (f"'{FORMULA}", BO)
    assert (await town.client.get(path, headers=STAFF)).content == answer.content
    assert (await town.api("GET", f"/programmes/{P1}/papers/needs/rows")).json()["code"] == "unknown_paper"


async def test_who_asked_for_what_is_listed_by_programme(town: Town) -> None:
    body = {"file": PUBLIC}
    assert (await town.api("POST", "/programmes", body)).status_code == 201
    enrol = sign_up(AARHUS).model_dump(mode="json", exclude_defaults=True)
    assert (await town.api("POST", "/enrolments", enrol)).status_code == 201
    await town.api("PUT", "/organisations/0101", {"main_email": "post@k0101.example"})
    found = (await town.api("GET", f"/programmes/{P1}/audit")).json()["audit"]
    assert [(one["command"], one["by"], one["status"]) for one in found] == [
        ("PublishProgramme", "token/staff", 201),
        ("tovholder.enrollment.EnrolMunicipality.v1", "token/staff", 201),
    ]
    assert (await town.api("GET", "/programmes/another/audit")).json()["audit"] == []
