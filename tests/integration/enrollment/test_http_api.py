"""P1 over the HTTP API, as another system or a demo does it."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime

from services.enrollment.domain.enrolment import enrolment_id
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1, programme_text
from tests.support.enrollment_web import SCOPED, Town

SIGN_UP = {
    "programme_id": P1,
    "organisation_code": AARHUS,
    "contact_name": "Karen Kontakt",
    "contact_email": "karen@aarhus.example",
}


async def test_from_the_file_to_the_fourth_participant(town: Town) -> None:
    published = await town.api("POST", "/programmes", {"file": programme_text()})
    assert published.status_code == 201, published.text
    assert published.headers["location"] == f"/api/enrollment/programmes/{P1}"

    written = await town.api("PUT", f"/organisations/{AARHUS}", {"main_email": "post@aarhus.example"})
    assert written.status_code == 200, written.text
    invited = await town.api("POST", f"/programmes/{P1}/invitations", {"round_id": "foraar"})
    assert invited.json()["invited"] == 1

    enrolled = await town.api("POST", "/enrolments", SIGN_UP, Authorization=f"Bearer {SCOPED}")
    assert enrolled.status_code == 201, enrolled.text
    enrolment = enrolled.json()["enrolment_id"]
    assert enrolled.json()["status"] == "Plads bekræftet"

    meeting = (await town.desk.has_meeting()).id
    people = f"/enrolments/{enrolment}/meetings/{meeting}/participants"
    for name in ("Anna", "Bo", "Carl"):
        answer = await town.api("POST", people, {"name": name, "email": f"{name}@aarhus.example"})
        assert answer.status_code == 201, answer.text
    refused = await town.api("POST", people, {"name": "Dorte", "email": "dorte@aarhus.example"})
    assert (refused.status_code, refused.json()["code"]) == (409, "extra_price_not_accepted")
    assert refused.headers["content-type"] == "application/problem+json"
    price = refused.json()["price_ore"]
    taken = await town.api(
        "POST", people, {"name": "Dorte", "email": "dorte@aarhus.example", "accepted_price_ore": price}
    )
    assert taken.json()["extra"] is True

    listed = (await town.api("GET", f"/enrolments/{enrolment}/participants")).json()["meetings"][0]
    assert [one["extra"] for one in listed["participants"]] == [False, False, False, True]
    first = listed["participants"][0]["person_id"]
    swapped = await town.api("PUT", f"{people}/{first}", {"name": "Frida", "email": "frida@aarhus.example"})
    assert swapped.status_code == 200, swapped.text
    cancelled = await town.api("DELETE", f"{people}/{swapped.json()['person_id']}")
    assert len(cancelled.json()["moved_in"]) == 1

    moved = await town.api("PUT", f"/enrolments/{enrolment}/group", {"group": "oest"})
    assert moved.json()["group"] == "oest"
    gone = await town.api("POST", f"/enrolments/{enrolment}/withdrawal", {"reason": "Budgettet"})
    assert gone.json()["status"] == "Afmeldt"


async def test_a_wrong_file_is_answered_with_every_finding(town: Town) -> None:
    answer = await town.api("POST", "/programmes", {"file": programme_text("gode-overgange")})
    assert (answer.status_code, answer.json()["code"]) == (422, "programme_not_publishable")
    assert answer.json()["errors"][0]["field"].startswith("file:")


async def test_what_is_wrong_with_a_sign_up_names_the_field(town: Town) -> None:
    await town.desk.publish()
    answer = await town.api("POST", "/enrolments", {**SIGN_UP, "billing": {"ean": "123"}})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "billing.ean",
            "code": "invalid_ean",
            "detail": "EAN-nummeret skal være på 13 cifre, og det sidste skal passe med de andre.",
        }
    ]
    unknown = await town.api("POST", "/enrolments", {**SIGN_UP, "organisation_kode": "0751"})
    assert [one["field"] for one in unknown.json()["errors"]] == ["organisation_kode"]


async def test_many_sign_ups_at_once_each_get_their_own_answer(town: Town) -> None:
    await town.desk.publish()
    codes = [row["code"] for row in await town.desk.pool.fetch("SELECT code FROM organisations ORDER BY code")]
    answers = await asyncio.gather(
        *(town.api("POST", "/enrolments", {**SIGN_UP, "organisation_code": code}) for code in [*codes, "9999"])
    )
    assert sorted(one.status_code for one in answers) == [*[201] * 98, 422]
    groups = [one["group"] for one in (await town.api("GET", f"/enrolments?programme_id={P1}")).json()["enrolments"]]
    assert (groups.count("vest"), groups.count("oest")) == (52, 46)


async def test_the_same_key_again_gets_the_same_answer_and_one_effect(town: Town) -> None:
    await town.desk.publish()
    await town.desk.told()
    first = await town.api("POST", "/enrolments", SIGN_UP, Idempotency_Key="one-wish-1")
    again = await town.api("POST", "/enrolments", SIGN_UP, Idempotency_Key="one-wish-1")
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert len(await town.desk.told()) == 1


async def test_a_crm_may_enrol_and_not_publish(town: Town) -> None:
    answer = await town.api("POST", "/programmes", {"file": programme_text()}, Authorization=f"Bearer {SCOPED}")
    assert answer.status_code == 403


async def test_the_deadline_is_a_matter_of_domain_time(town: Town) -> None:
    await town.desk.publish()
    await town.move_to(datetime(2020, 8, 21, 22, 0, tzinfo=UTC))
    answer = await town.api("POST", "/enrolments", {**SIGN_UP, "organisation_code": KOEBENHAVN})
    assert answer.json()["code"] == "deadline_passed"
    found = await town.api("GET", f"/enrolments/{enrolment_id(P1, KOEBENHAVN)}")
    assert found.json()["code"] == "unknown_enrolment"


async def test_a_list_says_where_its_next_page_is(town: Town) -> None:
    first = await town.api("GET", "/organisations?limit=2")
    link, _, relation = first.headers["link"].partition(";")
    assert relation == ' rel="next"'
    assert link == f"</api/enrollment/organisations?limit=2&cursor={first.json()['next']}>"
    second = await town.api("GET", link.strip("<>").removeprefix("/api/enrollment"))
    codes = [one["code"] for one in [*first.json()["organisations"], *second.json()["organisations"]]]
    assert len(set(codes)) == 4
    whole = await town.api("GET", "/organisations")
    assert whole.json()["next"] is None
    assert "link" not in whole.headers
    assert [one["code"] for one in whole.json()["organisations"]][:4] == codes


async def test_a_forged_place_is_refused_and_no_error_of_ours(town: Town) -> None:
    for place in (["programmes", "no day", "x"], ["programmes"], ["programmes", "2020-01-01T00:00:00Z", "x", "y"]):
        written = base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()
        answer = await town.api("GET", f"/programmes?cursor={written}")
        assert answer.status_code in {200, 422}, answer.text
        if answer.status_code == 422:
            assert answer.json()["code"] == "invalid_cursor"
    assert (await town.api("GET", "/programmes?cursor=x")).json()["code"] == "invalid_cursor"
