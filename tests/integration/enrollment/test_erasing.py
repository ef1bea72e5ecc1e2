"""Staff erase a person: who is still written to is replaced first, and whoever signs up again is somebody new."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.enrollment.usecases.cancel_participant import cancel_participant
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    CancelParticipant,
    CancelProgramme,
    ChangeContact,
    ErasePerson,
    GuestRemoved,
    InviteGuest,
    ParticipantCancelled,
    ParticipantRegistered,
    PersonErased,
    RegisterParticipant,
    TeamMemberRemoved,
    WithdrawEnrolment,
)
from shared.contracts.parties import ERASED_NAME, erased_email
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingScheduled
from shared.runtime.erasure import FindPeople
from shared.storage.tx import Tx, transaction
from tests.integration.enrollment.test_team import NAMES, P4
from tests.integration.enrollment.test_team import enrolled as on_a_team
from tests.support.enrollment_desk import P1, Desk
from tests.support.facts import DAY
from tests.support.meeting_point import meet

KAREN, BO = "karen@k0751.example", "bo@k0751.example"
NOBODY = "nobody@k0751.example"


async def takes_part(desk: Desk, enrolment: str, name: str = "Bo Prøvesen", email: str = BO) -> str:
    return str((await desk.ask(register_participant, registering(enrolment, name, email)))["person_id"])


def registering(enrolment: str, name: str = "Bo Prøvesen", email: str = BO) -> RegisterParticipant:
    return RegisterParticipant(enrolment_id=enrolment, meeting_id="m-1", name=name, email=email)


async def has_meeting(desk: Desk) -> None:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P1))
    meeting = Meeting(id="m-1", key="m-1", title="Møde", kind="heldag", when=DAY)
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
    await desk.hear(MeetingScheduled.model_validate_json(json.dumps(told)))


async def test_whoever_is_written_to_is_replaced_first(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    refused = await desk.refusal(erase_person, ErasePerson(email=KAREN))
    assert (refused.code, refused.detail) == (
        "still_contact",
        "Personen er kontakt for én tilmelding. Skift kontakt først.",
    )
    assert await desk.told() == []
    await desk.ask(change_contact, ChangeContact(enrolment_id=enrolment, name="Eva Efter", email="eva@k0751.example"))
    await desk.told()
    answer = await desk.ask(erase_person, ErasePerson(email=KAREN))
    assert answer["stays"] == [
        "Beskeder mellem systemerne ligger op til 90 dage i loggen og bliver ikke læst igen med personens oplysninger."
    ], "nothing else stays of her here: nothing was archived"
    assert [type(fact) for fact in await desk.told()] == [PersonErased]


async def test_the_contact_of_an_enrolment_that_has_ended_is_erased(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    await desk.ask(erase_person, ErasePerson(email=KAREN))
    while await desk.ring():
        pass
    contact = json.loads(await desk.pool.fetchval("SELECT contact::text FROM enrolments WHERE id = $1", enrolment))
    assert (contact["name"], contact["email"]) == (ERASED_NAME, erased_email(contact["person_id"]))


async def test_a_seat_to_come_is_free_again_and_the_fact_says_no_name(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    person_id = await takes_part(desk, enrolment)
    await desk.told()
    assert (await desk.ask(erase_person, ErasePerson(person_id=person_id)))["erased"] == [person_id]
    erased, cancelled = await desk.told()
    assert isinstance(erased, PersonErased)
    assert isinstance(cancelled, ParticipantCancelled)
    assert (cancelled.person.person_id, cancelled.person.name) == (person_id, ERASED_NAME)
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 0


async def test_whoever_comes_again_is_somebody_new_and_the_erased_one_stays_erased(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    before = await takes_part(desk, enrolment)
    await desk.ask(erase_person, ErasePerson(email=BO))
    after = await takes_part(desk, enrolment)
    assert after != before
    await desk.told()
    assert (await desk.ask(erase_person, ErasePerson(person_id=before)))["erased"] == [before], "told once more"
    assert [type(fact) for fact in await desk.told()] == [PersonErased]
    assert (await desk.ask(FORGETTING.search, FindPeople(email=BO)))["person_ids"] == [after]
    held = await desk.read(FORGETTING.read, person_id=after)
    assert (held["erased"], held["held"]["people"]) == (False, [{"name": "Bo Prøvesen", "email": BO}])
    assert (await desk.read(FORGETTING.read, person_id=before))["erased"] is True


async def test_an_address_that_nobody_has_and_one_of_somebody_erased_are_refused(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    assert (await desk.refusal(erase_person, ErasePerson(email=NOBODY))).code == "unknown_person"
    assert (await desk.refusal(erase_person, ErasePerson())).code == "nobody_named"
    again = registering(enrolment, "slettet", erased_email("somebody"))
    assert (await desk.refusal(register_participant, again)).code == "invalid_email"


async def test_two_who_erase_the_same_person_at_once_free_the_seat_once(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    person_id = await takes_part(desk, enrolment, email=f"first-{BO}")

    async def erase(tx: Tx) -> Any:
        return (await erase_person(tx, ErasePerson(email=f"first-{BO}"))).body

    async def erase_again(tx: Tx) -> Any:
        return (await erase_person(tx, ErasePerson(person_id=person_id))).body

    first, second = await meet(desk, erase, erase_again)
    assert (first["erased"], second["erased"]) == ([person_id], [person_id])  # type: ignore[index]
    assert await desk.pool.fetchval("SELECT count(*) FROM erased_persons") == 1
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 0
    while await desk.ring():
        pass
    assert await desk.pool.fetchval("SELECT count(*) FROM erasures") == 0


async def test_whoever_is_registered_or_made_contact_at_that_moment_is_waited_for(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    person_id = await takes_part(desk, enrolment)
    await desk.ask(cancel_participant, CancelParticipant(enrolment_id=enrolment, meeting_id="m-1", person_id=person_id))
    await desk.told()

    async def register(tx: Tx) -> Any:
        return (await register_participant(tx, registering(enrolment))).body

    async def appoint(tx: Tx) -> Any:
        return (await change_contact(tx, ChangeContact(enrolment_id=enrolment, name="Bo Prøvesen", email=BO))).body

    async def erase(tx: Tx) -> Any:
        return (await erase_person(tx, ErasePerson(person_id=person_id))).body

    await meet(desk, register, erase)
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 0
    kinds = [type(fact) for fact in await desk.told()]
    assert (kinds.count(ParticipantRegistered), kinds.count(ParticipantCancelled)) == (1, 1)

    person_id = await takes_part(desk, enrolment)
    _, refused = await meet(desk, appoint, erase)
    assert isinstance(refused, Refused)
    assert refused.code == "still_contact"


async def test_whoever_is_on_the_team_of_a_programme_that_was_called_off_is_erased_and_nobody_is_told(
    desk: Desk,
) -> None:
    people = await on_a_team(desk, *NAMES[:3])
    await desk.ask(cancel_programme, CancelProgramme(programme_id=P4))
    await desk.told()
    await desk.ask(erase_person, ErasePerson(person_id=people[0]))
    assert [type(fact) for fact in await desk.told()] == [PersonErased]


async def test_whoever_was_on_a_team_is_gone_from_the_answers_of_their_municipality(desk: Desk) -> None:
    people = await on_a_team(desk, "Anna", "Bo", "Carl")
    await desk.pool.execute("""UPDATE enrolments SET answers = '{"baggrund": "Vi sender Anna."}'""")
    await desk.ask(erase_person, ErasePerson(person_id=people[0]))
    while await desk.ring():
        pass
    assert await desk.pool.fetchval("SELECT answers ->> 'baggrund' FROM enrolments") == "Vi sender slettet."


async def test_whoever_stands_in_a_draft_alone_is_erased_too(desk: Desk) -> None:
    await desk.publish()
    typed = {"contact_name": "Bo Prøvesen", "contact_email": BO, "organisation_code": "0751"}
    await desk.ask(save_draft, SaveDraft(programme_id=P1, typed=typed, caller="192.0.2.2"))
    found = await desk.ask(FORGETTING.search, FindPeople(email=BO))
    assert (found["person_ids"], list(found["held"])) == ([], ["drafts"])
    await desk.ask(erase_person, ErasePerson(email=BO))
    while await desk.ring():
        pass
    assert await desk.pool.fetchval("SELECT count(*) FROM drafts") == 0
    assert (await desk.refusal(erase_person, ErasePerson(email=BO))).code == "unknown_person"


async def test_whoever_is_on_a_team_leaves_it_and_the_fact_says_no_name(desk: Desk) -> None:
    people = await on_a_team(desk, *NAMES[:4])
    await desk.ask(erase_person, ErasePerson(person_id=people[1]))
    erased, left = await desk.told()
    assert isinstance(erased, PersonErased)
    assert isinstance(left, TeamMemberRemoved)
    assert (left.person.person_id, left.person.name, left.size) == (people[1], ERASED_NAME, 3)


async def test_a_guest_is_taken_off_the_meeting_and_the_fact_says_no_name(desk: Desk) -> None:
    await desk.has_enrolled()
    await has_meeting(desk)
    guest = InviteGuest(programme_id=P1, meeting_id="m-1", name="Lærke Prøvesen", email="laerke@fgu.example")
    person_id = (await desk.ask(invite_guest, guest))["person_id"]
    await desk.told()
    await desk.ask(erase_person, ErasePerson(email="laerke@fgu.example"))
    erased, left = await desk.told()
    assert isinstance(erased, PersonErased)
    assert isinstance(left, GuestRemoved)
    assert (left.guest.person_id, left.guest.name) == (person_id, ERASED_NAME)
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 0


async def test_over_a_topic_the_id_is_said_and_no_address_is_taken(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await has_meeting(desk)
    person_id = await takes_part(desk, enrolment)
    told = Cause("c0ffee00-0000-7000-8000-000000000003", "event-1", "client/~crm")
    async with transaction(desk.pool, desk, desk.source, told, desk.links) as tx:
        with pytest.raises(Refused) as refused:
            await erase_person(tx, ErasePerson(email=BO))
        assert refused.value.code == "say_the_id"
        assert (await erase_person(tx, ErasePerson(person_id=person_id))).body["erased"] == [person_id]
