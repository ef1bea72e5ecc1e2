"""Whom nobody knows holds no place until staff say who they are; then it is as if it had been known all along."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_organisations import read_organisation
from services.enrollment.usecases.read_sign_ups import read_sign_ups
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    DismissSignUp,
    EnrolmentReceived,
    MunicipalityEnrolled,
    SignUpAwaitsStaff,
    SignUpDismissed,
    SignUpEnded,
    VouchForAddress,
    WithdrawEnrolment,
)
from shared.contracts.event import Event
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import SCOPED, Town

WHO = "frode@elsewhere.example"


async def waits(desk: Desk, code: str = AARHUS, email: str = WHO, **more: Any) -> str:
    sign_up_id = await desk.form(code, contact_email=email, **more)
    assert (await desk.press(sign_up_id))["state"] == "received"
    return sign_up_id


async def vouch(desk: Desk, code: str = AARHUS, email: str = WHO, **more: Any) -> list[str]:
    """What became of each form that waited, in the order they came in."""
    command = VouchForAddress(organisation_code=code, email=email, **more)
    return [one["outcome"] for one in (await desk.ask(vouch_for_address, command))["sign_ups"]]


async def listed(desk: Desk, **query: str) -> list[str]:
    return [one["sign_up_id"] for one in (await desk.read(read_sign_ups, **query))["sign_ups"]]


def of_type(facts: list[Event], kind: type[Event]) -> list[Any]:
    return [one for one in facts if isinstance(one, kind)]


def with_confirmation(how: str, version: int = 1, **places: int) -> str:
    capacity = f"  capacity: {{usual: {places['most']}, hard: {places['most']}}}\n" if places else ""
    text = programme_text().replace("version: 1", f"version: {version}", 1)
    return text.replace("  contact_label:", f"{capacity}  confirmation: {how}\n  contact_label:", 1)


async def test_a_strangers_form_holds_no_place_and_staff_see_it_once_its_mailbox_is_shown(desk: Desk) -> None:
    await desk.publish()
    unpressed = await desk.form(contact_email="another@elsewhere.example")
    sign_up_id = await waits(desk)
    (fact,) = await desk.told()
    assert isinstance(fact, SignUpAwaitsStaff)
    assert (fact.sign_up_id, fact.contact.email, fact.subject) == (
        sign_up_id,
        WHO,
        f"enrolment/{enrolment_id(P1, AARHUS)}",
    )
    assert await listed(desk) == [sign_up_id]
    assert unpressed not in await listed(desk)
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 0
    # Pressed again: nothing more is told.
    await desk.press(sign_up_id)
    assert await desk.told() == []
    # The municipality's own people sign up meanwhile.
    await desk.knows()
    await desk.press(await desk.form())
    (row,) = (await desk.read(read_sign_ups))["sign_ups"]
    assert (row["status"], row["has_place"]) == ("Modtaget", True)


async def test_staff_vouch_once_for_an_address_and_not_for_each_form(desk: Desk) -> None:
    await desk.publish()
    other = programme_text().replace(f"id: {P1}", "id: andet", 1)
    await desk.publish(other)
    first, second = await waits(desk), await waits(desk, programme_id="andet")
    assert await listed(desk) == [first, second]
    await desk.told()
    desk.time += timedelta(days=3)
    assert await vouch(desk) == ["enrolled", "enrolled"]
    enrolled = of_type(await desk.told(), MunicipalityEnrolled)
    assert [one.programme.id for one in enrolled] == [P1, "andet"]
    assert {one.received_at for one in enrolled} == {desk.time - timedelta(days=3)}
    assert await listed(desk) == []
    # Whoever vouched has not put it in, and is shown no secret of the contact's.
    rows = await desk.pool.fetch("SELECT put_in_by FROM enrolments WHERE state = 'enrolled'")
    assert {row["put_in_by"] for row in rows} == {"form"}
    assert (await desk.read(read_organisation, code=AARHUS))["mailboxes"] == [WHO]
    # From now on the link is enough; for this municipality, and for this address.
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS)))
    desk.time += timedelta(days=1)
    assert (await desk.press(await desk.form(contact_email=WHO.upper().replace("EXAMPLE", "example"))))[
        "state"
    ] == "enrolled"
    assert await vouch(desk) == []
    await waits(desk, KOEBENHAVN)
    await waits(desk, HVIDOVRE, "someone@elsewhere.example")


async def test_one_contact_speaks_for_several_municipalities_and_a_domain_for_all_its_mailboxes(desk: Desk) -> None:
    await desk.publish()
    await waits(desk)
    await waits(desk, KOEBENHAVN)
    assert await vouch(desk) == ["enrolled"]
    assert await vouch(desk, KOEBENHAVN, whole_domain=True) == ["enrolled"]
    assert (await desk.press(await desk.form(HVIDOVRE, contact_email=WHO)))["state"] == "received"
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, KOEBENHAVN)))
    desk.time += timedelta(days=1)
    assert (await desk.press(await desk.form(KOEBENHAVN, contact_email="x@elsewhere.example")))["state"] == "enrolled"


async def test_an_entry_that_says_who_speaks_lets_in_whoever_waited_for_that(desk: Desk) -> None:
    await desk.publish()
    for code in (AARHUS, KOEBENHAVN, HVIDOVRE):
        await waits(desk, code)
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, domains=("Elsewhere.example",)))
    sheet = "kommunekode;postkasser;domæner\n0101;bo@a.example frode@elsewhere.example;a.example, b.example\n"
    content = base64.b64encode(sheet.encode()).decode()
    await desk.ask(import_addresses, ImportAddresses(content=content, dry_run=False))
    enrolled = of_type(await desk.told(), MunicipalityEnrolled)
    assert [one.organisation.code for one in enrolled] == [AARHUS, KOEBENHAVN]
    found = await desk.read(read_organisation, code=KOEBENHAVN)
    assert (found["mailboxes"], found["domains"]) == (["bo@a.example", WHO], ["a.example", "b.example"])
    wrong = sheet.replace("a.example, b.example", "gmail.com, dk").replace("bo@a.example ", "bo ")
    refused = await desk.refusal(
        import_addresses, ImportAddresses(content=base64.b64encode(wrong.encode()).decode(), dry_run=False)
    )
    assert len(refused.extra["errors"]) == 3  # type: ignore[arg-type]


async def test_on_the_waiting_list_as_well_it_stands_where_the_form_came_in(desk: Desk) -> None:
    await desk.publish(with_confirmation("address_book", most=1))
    await waits(desk, email="early@elsewhere.example")
    desk.time += timedelta(hours=1)
    await desk.enrol(sign_up(KOEBENHAVN), sign_up(HVIDOVRE))
    desk.time += timedelta(hours=1)
    assert await vouch(desk, email="early@elsewhere.example") == ["waitlisted"]
    rows = await desk.pool.fetch(
        "SELECT organisation_code FROM enrolments WHERE state = 'waitlisted' ORDER BY received_at, number"
    )
    assert [row["organisation_code"] for row in rows] == [AARHUS, HVIDOVRE]
    assert await listed(desk) == []


async def test_vouched_for_it_queues_by_when_the_form_came_and_displaces_nobody(desk: Desk) -> None:
    await desk.publish(with_confirmation("address_book", most=2).replace("hard: 2}", "hard: 2, when_full: refuse}"))
    desk.time = datetime(2020, 8, 21, 20, tzinfo=UTC)
    early = await waits(desk, email="early@elsewhere.example")
    await desk.knows(KOEBENHAVN)
    await desk.press(await desk.form(KOEBENHAVN))
    late = await waits(desk, HVIDOVRE)
    desk.time = datetime(2020, 8, 25, 8, tzinfo=UTC)
    # In time is in time, though staff come to it after the deadline; the last place goes to whoever is let in.
    assert await vouch(desk, HVIDOVRE) == ["enrolled"]
    assert await vouch(desk, email="early@elsewhere.example") == ["programme_full"]
    assert await listed(desk) == [early]
    assert late not in await listed(desk)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, KOEBENHAVN)))
    assert await vouch(desk, email="early@elsewhere.example") == ["enrolled"]
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 2


async def test_forms_that_are_let_in_together_come_in_in_their_order(desk: Desk) -> None:
    await desk.publish(with_confirmation("address_book", most=1))
    await desk.publish(programme_text().replace(f"id: {P1}", "id: andet", 1))
    for name in ("Anden", "Første"):
        await waits(desk, contact_name=name, email=f"{name.lower().replace('ø', 'oe')}@elsewhere.example")
        desk.time += timedelta(hours=1)
    assert await vouch(desk, email="whoever@elsewhere.example", whole_domain=True) == ["enrolled", "already_enrolled"]
    (fact,) = of_type(await desk.told(), MunicipalityEnrolled)
    assert fact.contact.name == "Anden"
    # The other one, whose address is good from now on, is not left waiting for a mail.
    await desk.ring()
    (ended,) = of_type(await desk.told(), SignUpEnded)
    assert (ended.because, ended.contact.email) == ("has_place", "foerste@elsewhere.example")


async def test_a_form_that_is_not_theirs_is_taken_off_the_list(desk: Desk) -> None:
    await desk.publish()
    sign_up_id = await waits(desk)
    await desk.told()
    for _ in range(2):
        await desk.ask(dismiss_sign_up, DismissSignUp(sign_up_id=sign_up_id))
    (fact,) = await desk.told()
    assert isinstance(fact, SignUpDismissed)
    assert await listed(desk) == []
    assert await vouch(desk) == []
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))).code == "link_used"
    for unknown in ("x", await desk.form(contact_email="b@elsewhere.example")):
        refused = await desk.refusal(dismiss_sign_up, DismissSignUp(sign_up_id=unknown))
        assert (refused.code, refused.status) == ("unknown_sign_up", 404)
    await desk.knows()
    done = await desk.form()
    await desk.press(done)
    assert (await desk.refusal(dismiss_sign_up, DismissSignUp(sign_up_id=done))).code == "unknown_sign_up"


# As a programme wants it


async def test_strictly_everybody_waits_for_staff_each_time(desk: Desk) -> None:
    await desk.publish(with_confirmation("staff"))
    await desk.knows()
    known = await desk.form()
    assert (await desk.press(known))["state"] == "received"
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="karen@k0751.example"))
    assert await listed(desk) == [known]
    assert await vouch(desk, email="karen@k0751.example") == ["enrolled"]
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS)))
    desk.time += timedelta(days=1)
    assert (await desk.press(await desk.form()))["state"] == "received"


async def test_where_the_own_link_is_enough_nobody_is_asked(desk: Desk) -> None:
    await desk.publish(with_confirmation("own_link"))
    assert (await desk.press(await desk.form(contact_email=WHO)))["state"] == "enrolled"


async def test_the_main_mailbox_confirms_whoever_signs_up(desk: Desk) -> None:
    await desk.publish(with_confirmation("main_mailbox"))
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
    await desk.told()
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(AARHUS, contact_email=WHO)))
    (received,) = await desk.told()
    assert isinstance(received, EnrolmentReceived)
    assert received.to is not None
    assert (received.to.email, received.confirmation) == ("post@aarhus.example", "main_mailbox")
    sign_up_id = await desk.pool.fetchval("SELECT id FROM sign_ups")
    assert (await desk.press(sign_up_id))["state"] == "enrolled"
    (enrolled,) = await desk.told()
    assert isinstance(enrolled, MunicipalityEnrolled)
    assert enrolled.contact.email == WHO

    # Without one the link goes to the contact, and proves no more than that; whatever the book says later.
    without = await desk.form(KOEBENHAVN, contact_email=WHO)
    await desk.ask(put_organisation, PutOrganisation(code=KOEBENHAVN, main_email="post@kk.example"))
    assert (await desk.press(without))["state"] == "received"


async def test_how_it_is_confirmed_goes_by_the_version_that_holds_when_the_link_is_used(desk: Desk) -> None:
    await desk.publish(with_confirmation("own_link"))
    sign_up_id = await desk.form(contact_email=WHO)
    await desk.publish(with_confirmation("address_book", version=2))
    assert (await desk.press(sign_up_id))["state"] == "received"


async def test_where_the_own_link_is_enough_by_now_whoever_waited_needs_nobodys_word(desk: Desk) -> None:
    await desk.publish(with_confirmation("address_book"))
    await waits(desk)
    await desk.publish(with_confirmation("own_link", version=2))
    assert await vouch(desk, email="another@elsewhere.example") == ["enrolled"]


async def test_strangers_forms_however_many_are_not_looked_at_when_somebody_else_is_vouched_for(desk: Desk) -> None:
    """Somebody has one of them in hand, and nobody waits for that."""
    await desk.publish()
    strangers, _ = await waits(desk, email="x@strangers.example"), await waits(desk)
    async with desk.pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM sign_ups WHERE id = $1 FOR UPDATE", strangers)
        async with asyncio.timeout(10):
            assert await vouch(desk) == ["enrolled"]


async def test_an_unknown_way_to_confirm_is_refused_with_its_line(desk: Desk) -> None:
    refused = await desk.refusal(publish_programme, PublishProgramme(file=with_confirmation("nobody")))
    (error,) = refused.extra["errors"]  # type: ignore[misc,union-attr]
    assert error["code"] == "bad_value"  # type: ignore[call-overload,index]


# What other systems tell


@pytest.mark.parametrize("main", ["post@k0751.example", None])
async def test_a_place_by_form_says_so_and_names_the_main_mailbox_if_there_is_one(desk: Desk, main: str | None) -> None:
    await desk.publish()
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email=main, domains=("k0751.example",)))
    await desk.told()
    await desk.press(await desk.form())
    await desk.enrol(sign_up(HVIDOVRE))
    by_form, by_api = of_type(await desk.told(), MunicipalityEnrolled)
    assert (by_form.notify.email if by_form.notify else None) == main
    assert by_api.notify is None
    assert [by_form.by_form, by_api.by_form] == [True, False]


async def test_a_form_that_staff_let_in_is_told_as_one(desk: Desk) -> None:
    await desk.publish()
    await waits(desk)
    await desk.told()
    assert await vouch(desk) == ["enrolled"]
    (let_in,) = of_type(await desk.told(), MunicipalityEnrolled)
    assert (let_in.notify, let_in.by_form) == (None, True)


async def test_staff_see_the_list_page_by_page_and_nobody_else_does(town: Town) -> None:
    desk = town.desk
    await desk.publish()
    waiting = [await waits(desk, email=f"nr{number}@elsewhere.example") for number in range(5)]
    found: list[str] = []
    after = ""
    while True:
        page = (await town.api("GET", f"/sign-ups?limit=2{after}")).json()
        found += [one["sign_up_id"] for one in page["sign_ups"]]
        if page["next"] is None:
            break
        after = f"&cursor={page['next']}"
    assert found == waiting
    assert (await town.api("GET", "/sign-ups?limit=0")).status_code == 422
    answer = await town.api("GET", "/sign-ups", Authorization=f"Bearer {SCOPED}")
    assert answer.status_code == 403
    body = {"email": "nr3@elsewhere.example"}
    answer = await town.api("POST", f"/organisations/{AARHUS}/speakers", body)
    assert [one["outcome"] for one in answer.json()["sign_ups"]] == ["enrolled"]
    answer = await town.api("POST", f"/organisations/{AARHUS}/speakers", body, Authorization=f"Bearer {SCOPED}")
    assert answer.status_code == 403
