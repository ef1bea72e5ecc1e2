"""A form has no effect on the world but a mail, until the link in it has been used; and that link is used once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.enrollment.adapters import links
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.sign_up import FORMS_A_DAY, MAILS_A_DAY
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.contracts.enrollment import (
    DismissSignUp,
    InvitationReminderDue,
    InviteMunicipalities,
    MunicipalityEnrolled,
    SignUpAwaitsStaff,
    WithdrawEnrolment,
)
from shared.storage.tx import transaction
from shared.web.ledger import fingerprint
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town

STRANGER = {"contact_name": "Frode Fremmed", "contact_email": "frode@stranger.example"}
ENROLMENT = enrolment_id(P1, AARHUS)
MIGRATION = Path(__file__).parents[3] / "services" / "enrollment" / "migrations" / "0007_who_speaks_for_whom.sql"
TAKEN_BACK = "UPDATE enrolments" + MIGRATION.read_text(encoding="utf-8").partition("UPDATE enrolments")[2]


async def waits(desk: Desk, **more: str) -> str:
    """A form whose link has been used, and whose contact nobody knows."""
    sign_up_id = await desk.form(**{**STRANGER, **more})
    assert (await desk.press(sign_up_id))["status"] == "Modtaget"
    return sign_up_id


async def seen(desk: Desk) -> dict[str, object]:
    """What anybody else sees: staff, other systems, rosters, whoever counts."""
    people = await desk.pool.fetch("SELECT name FROM people ORDER BY person_id")
    return {
        "enrolments": await desk.read(read_enrolments),
        "names": [row["name"] for row in people if row["name"] != STRANGER["contact_name"]],
        "programmes": [tuple(row) for row in await desk.pool.fetch("SELECT taken, next_number FROM programmes")],
    }


async def test_a_known_address_confirms_by_its_own_link(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    before = await seen(desk)
    sign_up_id = await desk.form()
    assert (await seen(desk))["enrolments"] == before["enrolments"]
    answer = await desk.press(sign_up_id)
    assert answer["status"] == "Plads bekræftet"
    (fact,) = await desk.told()
    assert isinstance(fact, MunicipalityEnrolled)
    again = await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))
    assert (again.code, again.status) == ("link_used", 410)


async def test_a_link_that_was_used_does_not_give_the_place_back_after_a_withdrawal(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    used, other = await desk.form(), await desk.form()
    await desk.press(used)
    desk.time += timedelta(days=1)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    await desk.told()
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=used))).code == "link_used"
    # Nor does one that was mailed before it: what was said last counts.
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=other))).code == "sign_up_outdated"
    assert await desk.told() == []
    assert (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["state"] == "withdrawn"
    desk.time += timedelta(minutes=1)
    await desk.press(await desk.form())
    assert (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["state"] == "enrolled"


async def test_a_form_does_not_undo_a_no_that_came_after_it(desk: Desk) -> None:
    await desk.publish()
    await desk.knows(AARHUS, main_email="post@aarhus.example", domains=("k0751.example",))
    await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    waiting = await desk.form()
    desk.time += timedelta(days=1)
    await desk.ask(decline_invitation, DeclineInvitation(enrolment_id=ENROLMENT))
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=waiting))).code == "sign_up_outdated"
    assert (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["state"] == "declined"


@pytest.mark.parametrize("standing", ["nobody", "invited", "declined", "withdrawn", "enrolled"])
async def test_a_strangers_form_changes_nothing_that_anybody_else_sees(desk: Desk, standing: str) -> None:
    await desk.publish()
    await desk.knows(AARHUS, main_email="post@aarhus.example", domains=("k0751.example",))
    if standing != "nobody":
        await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    if standing == "declined":
        await desk.ask(decline_invitation, DeclineInvitation(enrolment_id=ENROLMENT))
    if standing in {"withdrawn", "enrolled"}:
        await desk.enrol(sign_up(AARHUS))
    if standing == "withdrawn":
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    await desk.told()
    before = await seen(desk)
    if standing == "enrolled":
        assert (await desk.refusal(receive_sign_up, ReceiveSignUp(form=sign_up(**STRANGER)))).code == "already_enrolled"
    else:
        await desk.form(**STRANGER)
        # Not even the name that the contact is known by, when the stranger types the contact's address.
        await desk.form(contact_name="Et andet navn")
        await waits(desk)
    after = await seen(desk)
    known = [name for name in after["names"] if name != "Et andet navn"]  # type: ignore[attr-defined]
    assert {**after, "names": known} == before
    if standing == "invited":
        desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
        await desk.told()
        await desk.ring()
        (reminder,) = await desk.told()
        assert isinstance(reminder, InvitationReminderDue)


async def test_a_form_that_came_in_time_may_be_confirmed_after_the_deadline(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    desk.time = datetime(2020, 8, 21, 21, 0, tzinfo=UTC)
    sign_up_id = await desk.form()
    desk.time = datetime(2020, 8, 24, 8, 0, tzinfo=UTC)
    await desk.press(sign_up_id)
    assert (await desk.refusal(receive_sign_up, ReceiveSignUp(form=sign_up(AARHUS)))).code == "already_enrolled"


async def test_each_form_has_its_own_link_and_the_first_that_is_used_counts(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    first = await desk.form(contact_name="Karen Gammel")
    second = await desk.form(contact_name="Karen Ny")
    await desk.press(first)
    (fact,) = await desk.told()
    assert isinstance(fact, MunicipalityEnrolled)
    assert fact.contact.name == "Karen Gammel"
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=second))).code == "already_enrolled"


async def test_ten_false_forms_a_day_lock_nobody_out(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    for number in range(FORMS_A_DAY + 2):
        await waits(desk, contact_email=f"nr{number}@other.example")
    # The contact's own address, typed by somebody else as often as it goes:
    for _ in range(FORMS_A_DAY):
        await desk.form(caller="203.0.113.7")
    wish = ReceiveSignUp(form=sign_up(AARHUS), caller="203.0.113.7")
    refused = await desk.refusal(receive_sign_up, wish)
    assert (refused.code, refused.status, refused.field) == ("too_many_sign_ups", 429, "contact_email")
    assert (await desk.press(await desk.form()))["status"] == "Plads bekræftet"


async def test_mails_to_one_address_are_limited_from_wherever_they_are_asked_for(desk: Desk) -> None:
    await desk.publish()
    for number in range(MAILS_A_DAY):
        await desk.form(KOEBENHAVN if number % 2 else AARHUS, caller=f"198.51.100.{number}", **STRANGER)
    wish = ReceiveSignUp(form=sign_up(HVIDOVRE, **STRANGER), caller="203.0.113.7")
    assert (await desk.refusal(receive_sign_up, wish)).code == "too_many_sign_ups"
    desk.time += timedelta(days=1)
    await desk.form(HVIDOVRE, **STRANGER)


async def test_a_link_ends_after_two_weeks(desk: Desk) -> None:
    path = links.confirm_path(desk.links, "s", datetime(2020, 6, 1, 8, tzinfo=UTC))
    token = path.rpartition("/")[2]
    assert links.sign_up_of(desk.links, token, datetime(2020, 6, 15, 7, 59, tzinfo=UTC)) == "s"
    assert links.sign_up_of(desk.links, token, datetime(2020, 6, 15, 8, 0, tzinfo=UTC)) is None
    assert links.participants_of(desk.links, token, desk.now()) is None


async def test_what_was_typed_is_forgotten_once_its_link_is_dead_and_nobody_has_to_answer(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    await desk.form(**STRANGER)
    await desk.press(await desk.form())
    waiting = await desk.form(KOEBENHAVN, **STRANGER)
    await desk.press(waiting)
    desk.time += timedelta(days=89)
    await desk.ring()
    assert await desk.pool.fetchval("SELECT count(*) FROM sign_ups") == 3
    for _ in range(2):
        desk.time += timedelta(days=90)
        await desk.ring()
        assert [row["id"] for row in await desk.pool.fetch("SELECT id FROM sign_ups")] == [waiting]
    await desk.ask(dismiss_sign_up, DismissSignUp(sign_up_id=waiting))
    desk.time += timedelta(days=90)
    await desk.ring()
    assert await desk.pool.fetchval("SELECT count(*) FROM sign_ups") == 0
    assert (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["contact"]["name"] == "Karen Kontakt"


async def test_a_later_version_asks_a_form_that_came_in_before_it_nothing_more(desk: Desk) -> None:
    text = programme_text()
    await desk.publish(text.replace("  contact_label:", "  reservation_allowed: true\n  contact_label:", 1))
    await desk.knows()
    desk.time = datetime(2020, 8, 20, 8, tzinfo=UTC)
    sign_up_id = await desk.form(group="oest", forbehold=True)
    newer = text.replace("version: 1", "version: 2").replace("2020-08-21", "2020-08-19")
    newer = newer.replace("deadline_weekday: fredag", "deadline_weekday: onsdag")
    form = "  form:\n    - {id: nyt, label: Nyt spørgsmål, required: true}\n"
    newer = newer.replace("  contact_label:", f"{form}  contact_label:", 1)
    await desk.publish(newer)
    await desk.told()
    assert (await desk.refusal(receive_sign_up, ReceiveSignUp(form=sign_up(KOEBENHAVN)))).code == "deadline_passed"
    assert (await desk.press(sign_up_id))["group"] == "oest"


async def test_what_the_version_before_received_is_confirmed_as_any_form(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    # Word for word as that version writes it, beside this one.
    for sign_up_id in ("first", "second"):
        await desk.pool.execute(
            "INSERT INTO people (person_id, organisation_code, name, email) VALUES ('p', $1, 'Karen', $2) "
            "ON CONFLICT (email_key, organisation_code) DO UPDATE SET name = excluded.name",
            AARHUS,
            "karen@k0751.example",
        )
        await desk.pool.execute(
            """
            INSERT INTO enrolments AS old (id, programme_id, organisation_code, state, contact, received_at,
                correlation_id)
            VALUES ($1, $2, $3, 'received', '{"person_id": "p", "name": "Karen", "email": "karen@k0751.example"}', $4,
                'c') ON CONFLICT (id) DO UPDATE SET state = excluded.state
            """,
            ENROLMENT,
            P1,
            AARHUS,
            desk.now(),
        )
        await desk.pool.execute(
            """
            INSERT INTO sign_ups AS old (id, enrolment_id, person_id, command, received_at, confirmed_at,
                correlation_id)
            VALUES ($1, $2, 'p', $3, $4, NULL, 'c')
            ON CONFLICT (enrolment_id, person_id) DO UPDATE SET id = excluded.id, command = excluded.command
            """,
            sign_up_id,
            ENROLMENT,
            sign_up(AARHUS).model_dump_json(),
            desk.now(),
        )
    gone = await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id="first"))
    assert gone.code == "link_replaced"
    assert (await desk.read(read_enrolment, enrolment_id=ENROLMENT))["status"] == "Modtaget"
    # Meanwhile a form that this version received waits beside it.
    await desk.form(contact_name="Karen Ny")
    assert (await desk.press("second"))["status"] == "Plads bekræftet"


async def test_whom_a_form_that_nobody_confirmed_had_taken_for_answered_is_invited_again(desk: Desk) -> None:
    await desk.publish()
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
    await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    await desk.told()
    await desk.pool.execute(
        """
        UPDATE enrolments SET state = 'received', received_at = now(),
            contact = '{"person_id": "p", "name": "Frode", "email": "frode@stranger.example"}'
        """
    )
    desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
    async with transaction(desk.pool, desk, "test") as tx:
        await tx.execute(TAKEN_BACK)
    found = await desk.read(read_enrolment, enrolment_id=ENROLMENT)
    assert (found["state"], found["contact"]) == ("invited", None)
    # One that the version before writes after that is reminded all the same.
    await desk.pool.execute(
        """
        UPDATE enrolments SET state = 'received', received_at = now(),
            contact = '{"person_id": "p", "name": "Frode", "email": "frode@stranger.example"}'
        """
    )
    await desk.ring()
    (reminder,) = await desk.told()
    assert isinstance(reminder, InvitationReminderDue)
    await desk.ask(decline_invitation, DeclineInvitation(enrolment_id=ENROLMENT))


# On the pages


async def test_a_form_that_is_sent_at_once_or_with_mistakes_is_shown_again_as_it_was(town: Town) -> None:
    await town.desk.publish()
    page = await town.client.get(f"/tilmeld/{P1}")
    hidden = dict(re.findall(r'name="(_key|_started)" value="([^"]+)"', page.text))
    typed = {"organisation_code": AARHUS, "contact_name": "Karen <b>", "contact_email": "k@a.example"}
    answer = await town.client.post(f"/tilmeld/{P1}", data={**typed, **hidden})
    assert answer.status_code == 422
    assert "Det gik hurtigere, end vi kan følge med til" in answer.text
    assert 'value="Karen &lt;b&gt;"' in answer.text
    assert await town.desk.pool.fetchval("SELECT count(*) FROM sign_ups") == 0


def test_a_form_that_is_sent_again_from_another_address_is_the_same_wish() -> None:
    here, there = (ReceiveSignUp(form=sign_up(AARHUS), caller=f"192.0.2.{number}") for number in (1, 2))
    assert fingerprint("form", here) == fingerprint("form", there)


async def press_on_page(town: Town, path: str) -> int:
    page = await town.client.get(path)
    key = re.findall(r'name="_key" value="([^"]+)"', page.text)[0]
    return (await town.client.post(path, data={"_key": key})).status_code


async def test_a_get_of_the_mailed_link_changes_nothing(town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows()
    await town.desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(AARHUS)))
    path = await town.mailed_path()
    for _ in range(2):
        page = await town.client.get(path)
        assert (page.status_code, page.headers["referrer-policy"]) == (200, "strict-origin")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0
    key = re.findall(r'name="_key" value="([^"]+)"', page.text)[0]
    for _ in range(2):
        pressed = await town.client.post(path, data={"_key": key})
        assert pressed.status_code == 303
    assert len(await town.desk.told()) == 1
    assert "Aarhus Kommune er tilmeldt" in (await town.client.get(path)).text


async def test_pages_are_the_same_for_whatever_address_until_its_link_is_used(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)
    await town.desk.publish()
    await town.desk.knows()

    async def sent(code: str, email: str) -> tuple[int, str, str, dict[str, object]]:
        page = await town.client.get(f"/tilmeld/{P1}")
        hidden = dict(re.findall(r'name="(_key|_started)" value="([^"]+)"', page.text))
        typed = {"organisation_code": code, "contact_name": "Karen", "contact_email": email}
        answer = await town.client.post(f"/tilmeld/{P1}", data={**typed, **hidden})
        shown = answer.text if answer.status_code != 303 else (await town.client.get(answer.headers["location"])).text
        told = [fact.model_dump() for fact in await town.desk.told()]
        facts = {name: value for one in told for name, value in one.items() if name in {"to", "confirmation"}}
        return answer.status_code, answer.headers.get("location", ""), _bare(shown).replace(email, "EMAIL"), facts

    known = await sent(AARHUS, "karen@k0751.example")
    assert known[:2] == (303, f"/tilmeld/{P1}/modtaget")
    assert await sent(AARHUS, "frode@stranger.example") == known

    # Once it is enrolled: the contact is told what a stranger is told.
    await town.desk.enrol(sign_up(AARHUS))
    await town.desk.told()
    contact = await sent(AARHUS, "karen@k0751.example")
    assert (contact[0], "er allerede tilmeldt" in contact[2]) == (409, True)
    assert await sent(AARHUS, "frode@stranger.example") == contact


def _bare(text: str) -> str:
    """Without what is drawn anew for every page."""
    return re.sub(r'(name="_(key|started)" value|content|nonce)="[^"]*"', "", text)


async def test_a_used_link_leads_nobody_to_what_another_contact_may_do(town: Town) -> None:
    desk = town.desk
    await desk.publish()
    await desk.knows()
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(AARHUS)))
    path = await town.mailed_path()
    assert await press_on_page(town, path) == 303
    assert "/deltagere/" in (await town.client.get(path)).text
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    gone = (await town.client.get(path)).text
    assert ("Linket er brugt" in gone, "/deltagere/" in gone, "<form" in gone) == (True, False, False)
    (again,) = await desk.enrol(sign_up(AARHUS, contact_email="bo@k0751.example"))
    assert isinstance(again, Answer)
    assert (await town.client.get(path)).text == gone


async def test_whoever_waits_for_staff_reads_so_behind_the_link(town: Town) -> None:
    desk = town.desk
    await desk.publish()
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(AARHUS, **STRANGER)))
    path = await town.mailed_path()
    assert await press_on_page(town, path) == 303
    page = (await town.client.get(path)).text
    assert ("Tilmeldingen er modtaget" in page, "Modtaget" in page, "<form" in page) == (True, True, False)
    (fact,) = await desk.told()
    assert isinstance(fact, SignUpAwaitsStaff)
    answer = await town.api("POST", f"/sign-ups/{fact.sign_up_id}/dismissal")
    assert answer.json() == {"sign_up_id": fact.sign_up_id, "state": "dismissed"}
    assert "har ikke godtaget" in (await town.client.get(path)).text
