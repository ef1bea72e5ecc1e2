"""Another system with a token of its own: it sees and changes what it put in, and nothing that others did."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.enrollment.adapters import links
from services.enrollment.adapters.people import Named, recognise_many
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.contracts.enrollment import ParticipantRegistered, ParticipantReplaced, WithdrawEnrolment
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, sign_up
from tests.support.enrollment_web import OTHER, SCOPED, TOKEN, Town

UNKNOWN_TO_THE_VERSION_BEFORE = "put_in_by = NULL, put_in_number = NULL, linked_number = NULL"
SECRETS = ("/deltagere/", "/plads/", "/tilmeld/bekraeft/", "/tilmeld/nej/", "invitation=")


LISTS = ("/enrolments", "/meetings", "/programmes", f"/programmes/{P1}/invitations", "/organisations", "/sign-ups")


def by(token: str) -> str:
    return f"Bearer {token}"


async def enrolled(town: Town, token: str, code: str) -> dict[str, Any]:
    wish = {
        "programme_id": P1,
        "organisation_code": code,
        "contact_name": "Karen Kontakt",
        "contact_email": f"karen{code}@kommune.example",
    }
    answer = await town.api("POST", "/enrolments", wish, Authorization=by(token))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(town: Town, token: str) -> set[str]:
    answer = await town.api("GET", "/enrolments", Authorization=by(token))
    return {one["organisation"]["code"] for one in answer.json()["enrolments"]}


async def test_a_client_is_shown_what_it_enrolled_and_staff_are_shown_all(town: Town) -> None:
    await town.desk.publish()
    for token, code in ((SCOPED, AARHUS), (OTHER, KOEBENHAVN), (TOKEN, HVIDOVRE)):
        await enrolled(town, token, code)
    assert [await listed(town, token) for token in (SCOPED, OTHER, TOKEN)] == [
        {AARHUS},
        {KOEBENHAVN},
        {AARHUS, KOEBENHAVN, HVIDOVRE},
    ]
    for path in ("", "/participants"):
        own = await town.api("GET", f"/enrolments/{enrolment_id(P1, AARHUS)}{path}", Authorization=by(SCOPED))
        assert own.status_code == 200, path
        theirs = await town.api("GET", f"/enrolments/{enrolment_id(P1, AARHUS)}{path}", Authorization=by(OTHER))
        nobodys = await town.api("GET", f"/enrolments/{enrolment_id(P1, '0999')}{path}", Authorization=by(OTHER))
        assert (theirs.status_code, theirs.json()["code"]) == (404, "unknown_enrolment"), path
        assert theirs.json()["detail"] == nobodys.json()["detail"], path


async def test_who_signed_up_by_the_form_is_shown_to_no_client(town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows()
    form = await town.desk.form(AARHUS)
    assert await listed(town, SCOPED) == set()
    await town.desk.press(form)
    assert [await listed(town, token) for token in (SCOPED, TOKEN)] == [set(), {AARHUS}]


async def test_a_client_changes_nothing_of_what_others_put_in(town: Town) -> None:
    await town.desk.publish()
    await enrolled(town, SCOPED, AARHUS)
    meeting = (await town.desk.has_meeting()).id
    enrolment = f"/enrolments/{enrolment_id(P1, AARHUS)}"
    people = f"{enrolment}/meetings/{meeting}/participants"
    someone = {"name": "Anna", "email": "anna@kommune.example"}
    registered = await town.api("POST", people, someone, Authorization=by(SCOPED))
    assert registered.status_code == 201, registered.text
    person = registered.json()["person_id"]

    attacks: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{enrolment}/withdrawal", {"reason": "fordi"}),
        ("POST", people, {"name": "Bo", "email": "bo@elsewhere.example"}),
        ("PUT", f"{people}/{person}", {"name": "Bo", "email": "bo@elsewhere.example"}),
        ("DELETE", f"{people}/{person}", {}),
    ]
    for method, path, body in attacks:
        answer = await town.api(method, path, body, Authorization=by(OTHER))
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_enrolment"), (method, path)
    for method, path, body in reversed(attacks):
        answer = await town.api(method, path, body, Authorization=by(SCOPED))
        assert answer.status_code in {200, 201, 404}, answer.text
        assert answer.json().get("code") != "unknown_enrolment"


async def test_what_a_client_asks_over_the_intake_is_kept_to_its_own_as_well(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, SCOPED, AARHUS)
    event = {
        "specversion": "1.0",
        "id": "w-1",
        "source": "https://cms.example",
        "type": WithdrawEnrolment.type,
        "data": {"enrolment_id": made["enrolment_id"], "reason": "fordi"},
    }
    headers = {"Authorization": by(OTHER), "Content-Type": "application/cloudevents+json"}
    answer = await town.client.post("/events", content=json.dumps(event), headers=headers)
    assert answer.status_code == 202, answer.text
    actor = await town.desk.pool.fetchval("SELECT actor FROM outbox WHERE event_id = 'w-1'")
    assert actor == "client/cms"

    # As the reader of the intake carries it out, with the cause that came with the event.
    command = WithdrawEnrolment(enrolment_id=made["enrolment_id"], reason="fordi")
    desk = town.desk
    with pytest.raises(Refused, match="unknown_enrolment"):
        async with transaction(desk.pool, desk, "/tovholder/enrollment", Cause("c", "w-1", actor), desk.links) as tx:
            await withdraw_enrolment(tx, command)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", Cause("c", "w-2", "client/crm"), desk.links) as tx:
        assert (await withdraw_enrolment(tx, command)).body["status"] == "Afmeldt"


async def test_the_secret_of_a_link_is_in_the_answer_to_who_made_it_and_nowhere_else(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, SCOPED, AARHUS)
    assert made["participants_path"].startswith("/deltagere/")
    own = await town.api("GET", f"/enrolments/{made['enrolment_id']}", Authorization=by(SCOPED))
    assert own.json()["participants_path"] == made["participants_path"]

    await town.desk.press(await town.desk.form(KOEBENHAVN))
    for token in (TOKEN, SCOPED, OTHER):
        for path in (
            "/enrolments",
            "/meetings",
            "/programmes",
            f"/programmes/{P1}/invitations",
            "/organisations",
            "/sign-ups",
        ):
            said = (await town.api("GET", f"{path}?programme_id={P1}", Authorization=by(token))).text
            assert not [secret for secret in SECRETS if secret in said], (token, path)
    staff = await town.api("GET", f"/enrolments/{made['enrolment_id']}")
    assert staff.json()["participants_path"] is None


async def test_what_the_address_book_says_of_a_bill_is_for_staff(town: Town) -> None:
    await town.desk.publish()
    await town.desk.ask(
        put_organisation, PutOrganisation(code=AARHUS, billing=Billing(person_reference="Hemmelig Hansen"))
    )
    made = await enrolled(town, SCOPED, AARHUS)
    path = f"/enrolments/{made['enrolment_id']}"
    assert (await town.api("GET", path)).json()["billing"]["person_reference"] == "Hemmelig Hansen"
    own = await town.api("GET", path, Authorization=by(SCOPED))
    assert (own.json()["billing"], "Hemmelig" in own.text) == (None, False)


async def test_who_came_before_a_municipality_signed_up_anew_is_shown_to_staff_and_to_no_client(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, SCOPED, AARHUS)
    meetings = [await town.desk.has_meeting(), await town.desk.has_meeting(group=None, day="2021-06-15")]
    held, ahead = (one.id for one in meetings)
    path = f"/enrolments/{made['enrolment_id']}"

    async def people(token: str, meeting: str) -> set[str]:
        answer = (await town.api("GET", f"{path}/participants", Authorization=by(token))).json()["meetings"]
        (found,) = [one for one in answer if one["meeting"]["id"] == meeting]
        return {one["name"] for one in found["participants"]}

    async def register(token: str, meeting: str, name: str) -> None:
        someone = {"name": name, "email": f"{name.lower()}@kommune.example"}
        answer = await town.api("POST", f"{path}/meetings/{meeting}/participants", someone, Authorization=by(token))
        assert answer.status_code == 201, answer.text

    await register(SCOPED, held, "Anna")
    await register(SCOPED, ahead, "Bo")
    assert await people(SCOPED, held) == {"Anna"}
    await town.move_to(datetime(2021, 4, 20, 8, tzinfo=UTC))
    await town.api("POST", f"{path}/withdrawal", {"reason": "fordi"}, Authorization=by(SCOPED))
    await town.desk.pool.execute("UPDATE programmes SET terms = terms #- '{terms,deadline}'")
    await enrolled(town, OTHER, AARHUS)
    await register(OTHER, ahead, "Carl")
    assert [await people(OTHER, one) for one in (held, ahead)] == [set(), {"Carl"}]
    assert [await people(TOKEN, one) for one in (held, ahead)] == [{"Anna"}, {"Carl"}]
    # Nor by the link that it was told, as its contact is.
    page = links.participants_path(town.desk.links, await town.desk.guest())
    said = [(await town.client.get(f"{page}/{one}")).text for one in (held, ahead)]
    assert [("Anna" in one, "Carl" in one) for one in said] == [(False, False), (False, True)]
    person = await town.desk.pool.fetchval("SELECT person_id FROM people WHERE name = 'Anna'")
    for what in ("skift", "afmeld"):
        assert "Anna" not in (await town.client.get(f"{page}/{held}/{what}/{person}", follow_redirects=True)).text


async def names(town: Town) -> list[str]:
    return [row["name"] for row in await town.desk.pool.fetch("SELECT name FROM people ORDER BY name")]


async def test_a_client_renames_nobody_and_staff_and_the_municipality_do(town: Town) -> None:
    await town.desk.publish()
    await enrolled(town, SCOPED, AARHUS)
    meeting = (await town.desk.has_meeting()).id
    people = f"/enrolments/{enrolment_id(P1, AARHUS)}/meetings/{meeting}/participants"

    async def register(token: str, method: str = "POST", path: str = people, **someone: str) -> str:
        answer = await town.api(method, path, someone, Authorization=by(token))
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["person_id"])

    karen = {"name": "Navn Taget", "email": "KAREN0751@kommune.example"}
    known = await register(SCOPED, **karen)
    assert await names(town) == ["Karen Kontakt"]
    anna = await register(SCOPED, name="Anna", email="anna@kommune.example")
    await register(SCOPED, "PUT", f"{people}/{anna}", name="Anders", email="anders@kommune.example")
    assert await register(SCOPED, "PUT", f"{people}/{known}", name="Taget", email="anna@kommune.example") == anna
    assert await names(town) == ["Anders", "Anna", "Karen Kontakt"]
    # Others are told what it wrote.
    registered = [one for one in await town.desk.told() if isinstance(one, ParticipantRegistered)]
    assert [one.person.name for one in registered] == ["Navn Taget", "Anna"]

    await register(TOKEN, **{**karen, "name": "Karen Nygift"})
    assert await names(town) == ["Anders", "Anna", "Karen Nygift"]


async def test_a_municipality_renames_its_people_by_its_link_unless_a_client_has_the_link_too(town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows()
    await enrolled(town, SCOPED, AARHUS)
    await town.desk.press(await town.desk.form(KOEBENHAVN, contact_email="k@k0101.example"))
    await town.desk.knows(KOEBENHAVN)
    meetings = [(await town.desk.has_meeting()).id, (await town.desk.has_meeting(group="oest")).id]
    for code, meeting in zip((AARHUS, KOEBENHAVN), meetings, strict=True):
        enrolment = enrolment_id(P1, code)
        people = f"/enrolments/{enrolment}/meetings/{meeting}/participants"
        known = await town.api("POST", people, {"name": f"Anna {code}", "email": f"anna@k{code}.example"})
        assert known.status_code == 201, known.text
        row = await town.desk.pool.fetchrow(
            "SELECT contact->>'person_id' AS contact, number FROM enrolments WHERE id = $1", enrolment
        )
        assert row is not None
        page = links.participants_path(town.desk.links, links.Guest(enrolment, row["contact"], row["number"]))
        form = {"_key": f"{code}{'k' * 28}", "name": f"Selv {code}", "email": f"ANNA@k{code}.example"}
        form["level"] = "Leder af ledere"
        changed = await town.client.post(f"{page}/{meeting}/skift/{known.json()['person_id']}", data=form)
        assert changed.status_code == 303, changed.text
        said = (await town.client.get(f"{page}/{meeting}")).text
        assert f"Selv {code}" in said
        assert f"Anna {code}" not in said
        assert f"Selv {code}" in (await town.api("GET", f"/enrolments/{enrolment}/participants")).text
    assert [one for one in await names(town) if "Karen" not in one] == ["Anna 0751", "Selv 0101"]


async def test_a_clients_slip_is_put_right_in_its_place(town: Town) -> None:
    await town.desk.publish()
    await enrolled(town, SCOPED, AARHUS)
    meeting = (await town.desk.has_meeting()).id
    people = f"/enrolments/{enrolment_id(P1, AARHUS)}/meetings/{meeting}/participants"
    slip = {"name": "Aana", "email": "anna@kommune.example", "level": "Leder af ledere"}
    anna = (await town.api("POST", people, slip, Authorization=by(SCOPED))).json()["person_id"]
    await town.api("POST", people, {"name": "Bo", "email": "bo@kommune.example"}, Authorization=by(SCOPED))
    await town.desk.told()
    for token, name in ((SCOPED, "Anna"), (TOKEN, "Anna Andersen")):
        answer = await town.api("PUT", f"{people}/{anna}", {**slip, "name": name}, Authorization=by(token))
        assert (answer.status_code, answer.json()["person_id"]) == (200, anna)
        (told,) = await town.desk.told()
        assert isinstance(told, ParticipantReplaced)
        assert (told.person.name, told.person.person_id, told.previous.person_id) == (name, anna, anna)
        again = await town.api("PUT", f"{people}/{anna}", {**slip, "name": name}, Authorization=by(token))
        assert (again.status_code, again.json()["code"]) == (409, "already_registered")
    (shown,) = (await town.api("GET", f"/enrolments/{enrolment_id(P1, AARHUS)}/participants")).json()["meetings"]
    assert [one["name"] for one in shown["participants"]] == ["Anna Andersen", "Bo"]


async def test_a_client_that_guesses_an_address_is_not_told_how_its_person_is_known(town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows(domains=("aarhus.example",))
    await town.desk.press(await town.desk.form(contact_email="kendt@aarhus.example", contact_name="Hemmelig Hansen"))
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS)))
    await enrolled(town, SCOPED, AARHUS)
    known = await names(town)
    assert "Hemmelig Hansen" in known
    meetings = [(await town.desk.has_meeting()).id, (await town.desk.has_meeting(group=None, day="2021-06-15")).id]
    path = f"/enrolments/{enrolment_id(P1, AARHUS)}"
    await town.desk.told()
    guess = {"name": "Gættet", "email": "Kendt@Aarhus.example"}
    someone = {"name": "Anna", "email": "anna@kommune.example"}

    answers = []
    for meeting in meetings:
        for one in (guess, guess, someone):
            people = f"{path}/meetings/{meeting}/participants"
            answers.append(await town.api("POST", people, one, Authorization=by(SCOPED)))
    assert [one.status_code for one in answers] == [201, 409, 201] * 2
    assert answers[1].json()["code"] == "already_registered"
    ids = [answers[at].json()["person_id"] for at in (0, 2)]
    taken_over = await town.api(
        "PUT", f"{path}/meetings/{meetings[1]}/participants/{ids[0]}", {**someone, "email": "b@kommune.example"}
    )
    answers += [
        taken_over,
        await town.api("PUT", f"{path}/meetings/{meetings[0]}/participants/{ids[1]}", guess, Authorization=by(SCOPED)),
        await town.api("DELETE", f"{path}/meetings/{meetings[0]}/participants/{ids[0]}", Authorization=by(SCOPED)),
        await town.api("PUT", f"{path}/meetings/{meetings[0]}/participants/{ids[1]}", guess, Authorization=by(SCOPED)),
        await town.api("GET", f"{path}/participants", Authorization=by(SCOPED)),
    ]
    assert [one.status_code for one in answers[6:]] == [200, 409, 200, 200, 200]

    said = [one.text for one in answers] + [str(one) for one in await town.desk.told()]
    assert not [one for one in said if "Hemmelig" in one or "kendt@aarhus" in one]
    assert "Kendt@Aarhus.example" in answers[-1].text
    assert await names(town) == sorted([*known, "Anna", "Anna"])


async def test_what_anybody_typed_into_a_form_is_nobodys_name(town: Town) -> None:
    await town.desk.publish()
    await town.desk.form(contact_name="Grim Spøg", contact_email="anna@kommune.example")
    await enrolled(town, SCOPED, AARHUS)
    meeting = (await town.desk.has_meeting()).id
    path = f"/enrolments/{enrolment_id(P1, AARHUS)}"
    someone = {"name": "Anna Rigtig", "email": "anna@kommune.example"}
    await town.api("POST", f"{path}/meetings/{meeting}/participants", someone, Authorization=by(SCOPED))
    (told,) = [one for one in await town.desk.told() if isinstance(one, ParticipantRegistered)]
    assert told.person.name == "Anna Rigtig"
    assert "Grim" not in (await town.api("GET", f"{path}/participants")).text


async def test_a_contact_whom_a_client_writes_down_anew_keeps_the_name_that_staff_gave(town: Town) -> None:
    """Also when both are decided together: what staff say counts, whichever comes last."""
    enrolment = await town.desk.has_enrolled()
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    client = Cause("c", None, "client/crm")
    async with transaction(town.desk.pool, town.desk, "/tovholder/enrollment", client, town.desk.links) as tx:
        (answer,) = await enrol_municipalities(tx, [Asked(sign_up(AARHUS, contact_name="Taget"), client)])
    assert isinstance(answer, Answer)
    assert await names(town) == ["Karen Kontakt"]
    async with transaction(town.desk.pool, town.desk, "/tovholder/enrollment", client, town.desk.links) as tx:
        by_staff, by_client = (Named(AARHUS, name, "karen@k0751.example", name != "Taget") for name in ("Ny", "Taget"))
        await recognise_many(tx, [by_staff, by_client])
    assert await names(town) == ["Ny"]


async def test_where_a_meeting_is_held_online_is_not_for_clients(town: Town) -> None:
    await town.desk.has_enrolled()
    meeting = await town.desk.has_meeting()
    await town.desk.pool.execute(
        "UPDATE meetings SET meeting = jsonb_set(meeting, '{link}', '\"https://moede.example/hemmelig\"')"
    )
    path = f"/meetings?programme_id={P1}"
    (staff,) = (await town.api("GET", path)).json()["meetings"]
    (client,) = (await town.api("GET", path, Authorization=by(SCOPED))).json()["meetings"]
    assert (staff["link"], staff["id"]) == ("https://moede.example/hemmelig", meeting.id)
    assert client == {name: value for name, value in staff.items() if name != "link"}


async def test_nor_does_it_stand_beside_the_people_whom_a_client_registered(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, SCOPED, AARHUS)
    await town.desk.has_meeting()
    await town.desk.pool.execute(
        "UPDATE meetings SET meeting = jsonb_set(meeting, '{link}', '\"https://moede.example/hemmelig\"')"
    )
    path = f"/enrolments/{made['enrolment_id']}/participants"
    assert "https://moede.example/hemmelig" in (await town.api("GET", path)).text
    said = await town.api("GET", path, Authorization=by(SCOPED))
    assert said.json()["meetings"][0]["meeting"]["title"]
    assert "hemmelig" not in said.text


async def test_what_was_put_in_before_clients_were_told_from_staff_is_still_the_clients(town: Town) -> None:
    await town.desk.publish()
    await enrolled(town, TOKEN, AARHUS)
    # As the version before stores it: the actor of the last change, and no more.
    await town.desk.pool.execute("UPDATE enrolments SET put_in_by = NULL, actor = 'token/crm'")
    assert await listed(town, SCOPED) == {AARHUS}
    assert await listed(town, OTHER) == set()
    moved = await town.api("PUT", f"/enrolments/{enrolment_id(P1, AARHUS)}/group", {"group": "oest"})
    assert moved.status_code == 200, moved.text
    assert [await listed(town, token) for token in (SCOPED, OTHER)] == [{AARHUS}, set()]


async def the_version_before_gives_the_place_anew(town: Town) -> None:
    """Beside this one, to the contact's own form: it writes what it knows of, and draws the next number."""
    await town.desk.pool.execute("UPDATE enrolments SET state = 'enrolled', number = number + 1, actor = 'form'")
    await town.desk.pool.execute("UPDATE programmes SET next_number = next_number + 1")


async def test_a_place_that_the_version_before_gives_anew_is_not_the_former_clients(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, SCOPED, AARHUS)
    path = f"/enrolments/{made['enrolment_id']}"
    gone = await town.api("POST", f"{path}/withdrawal", {"reason": "fordi"})
    assert (gone.status_code, await listed(town, SCOPED)) == (200, {AARHUS})
    await the_version_before_gives_the_place_anew(town)
    assert await listed(town, SCOPED) == set()
    for method, what, body in (("GET", "", None), ("POST", "/withdrawal", {"reason": "fordi"})):
        answer = await town.api(method, f"{path}{what}", body, Authorization=by(SCOPED))
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_enrolment"), what
    # Nor after a change of it by this version.
    moved = await town.api("PUT", f"{path}/group", {"group": "oest"})
    assert (moved.status_code, await listed(town, SCOPED)) == (200, set())


async def test_what_the_version_before_gave_a_client_is_its_own_until_that_version_gives_it_anew(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, TOKEN, AARHUS)
    await town.desk.pool.execute(f"UPDATE enrolments SET actor = 'token/crm', {UNKNOWN_TO_THE_VERSION_BEFORE}")
    assert await listed(town, SCOPED) == {AARHUS}
    for changed in (
        await town.api("PUT", f"/enrolments/{made['enrolment_id']}/group", {"group": "oest"}),
        await town.api("POST", f"/enrolments/{made['enrolment_id']}/withdrawal", {"reason": "fordi"}),
    ):
        assert changed.status_code == 200, changed.text
        assert [await listed(town, token) for token in (SCOPED, OTHER)] == [{AARHUS}, set()]
    await the_version_before_gives_the_place_anew(town)
    assert await listed(town, SCOPED) == set()


async def test_whom_a_client_invited_is_not_its_own_once_the_version_before_gives_the_place(town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows(main_email="post@aarhus.example")
    invited = await town.api("POST", f"/programmes/{P1}/invitations", {"round_id": "foraar"})
    assert invited.json()["invited"] == 1, invited.text
    await town.desk.pool.execute("UPDATE enrolments SET put_in_by = 'client/crm'")
    assert await listed(town, SCOPED) == {AARHUS}
    await town.desk.pool.execute(
        """
        UPDATE enrolments SET state = 'enrolled', number = 7, received_at = now(), enrolled_at = now(), agreed = '{}',
            contact = '{"person_id": "p", "name": "Karen", "email": "karen@k0751.example"}', actor = 'form'
        """
    )
    assert await listed(town, SCOPED) == set()


async def test_what_staff_put_in_is_no_clients_whatever_the_client_is_called(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, TOKEN, AARHUS)
    await town.desk.pool.execute("UPDATE enrolments SET put_in_by = 'token/crm'")
    assert await listed(town, SCOPED) == set()
    answer = await town.api("GET", f"/enrolments/{made['enrolment_id']}", Authorization=by(SCOPED))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_enrolment")
    withdrawn = await town.api(
        "POST", f"/enrolments/{made['enrolment_id']}/withdrawal", {"reason": "fordi"}, Authorization=by(SCOPED)
    )
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (404, "unknown_enrolment")


async def test_whom_staff_invited_is_no_clients_either(town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows(main_email="post@aarhus.example")
    invited = await town.api("POST", f"/programmes/{P1}/invitations", {"round_id": "foraar"})
    assert invited.json()["invited"] == 1, invited.text
    await town.desk.pool.execute("UPDATE enrolments SET put_in_by = replace(put_in_by, 'staff', 'crm')")
    assert await town.desk.pool.fetchval("SELECT put_in_by FROM enrolments") == "token/crm"
    assert await listed(town, SCOPED) == set()


async def test_it_stays_the_clients_whoever_changes_it_afterwards(town: Town) -> None:
    await town.desk.publish()
    made = await enrolled(town, SCOPED, AARHUS)
    moved = await town.api("PUT", f"/enrolments/{made['enrolment_id']}/group", {"group": "oest"})
    assert moved.status_code == 200, moved.text
    assert [await listed(town, token) for token in (SCOPED, OTHER)] == [{AARHUS}, set()]
    gone = await town.api("POST", f"/enrolments/{made['enrolment_id']}/withdrawal", {"reason": "fordi"})
    assert gone.status_code == 200, gone.text
    assert await listed(town, SCOPED) == {AARHUS}
    # Another client signs it up anew: now it is that one's.
    await enrolled(town, OTHER, AARHUS)
    assert [await listed(town, token) for token in (SCOPED, OTHER)] == [set(), {AARHUS}]
