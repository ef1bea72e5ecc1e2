"""A form has no effect on the world but a mail, until the link in it has been used; and that link is used once."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.enrollment.adapters import links
from services.enrollment.adapters.forgetting import SIGN_UPS
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.sign_up import MAILS_A_DAY, MAILS_FOR_ONE_CALLER
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_confirmation import read_confirmation
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.read_not_mailed import read_not_mailed
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.listing import CURSOR
from shared.contracts.enrollment import (
    DismissSignUp,
    EnrolmentReceived,
    InvitationReminderDue,
    InviteMunicipalities,
    MunicipalityEnrolled,
    SignUpAwaitsStaff,
    VouchForAddress,
    WithdrawEnrolment,
)
from shared.storage.retention import keep_to
from shared.storage.tx import transaction
from shared.web.ledger import fingerprint
from tests.support.enrollment_desk import (
    AARHUS,
    CAUSE,
    HVIDOVRE,
    KOEBENHAVN,
    P1,
    Desk,
    confirmed,
    programme_text,
    sign_up,
)
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
        "names": [row["name"] for row in people],
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
    assert await seen(desk) == before
    if standing == "invited":
        desk.time = datetime(2020, 8, 10, 7, 0, tzinfo=UTC)
        await desk.told()
        await desk.ring()
        (reminder,) = await desk.told()
        assert isinstance(reminder, InvitationReminderDue)


async def test_a_form_that_is_forgotten_leaves_nothing_of_what_was_typed_into_it(desk: Desk) -> None:
    await desk.publish()
    await desk.form(**STRANGER)
    waiting = await waits(desk)
    await desk.ask(dismiss_sign_up, DismissSignUp(sign_up_id=waiting))
    await desk.pool.execute("UPDATE sign_ups SET stored_at = now() - interval '91 days'")
    await keep_to(SIGN_UPS, desk.pool)
    assert [await desk.pool.fetchval(f"SELECT count(*) FROM {one}") for one in ("sign_ups", "people")] == [0, 0]


async def test_whoever_is_told_of_when_a_form_comes_in_is_who_gets_the_place(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    await desk.told()
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(contact_email="Karen@k0751.example")))
    (received,) = await desk.told()
    sign_up_id = await desk.pool.fetchval("SELECT id FROM sign_ups")
    await desk.press(sign_up_id)
    (enrolled,) = await desk.told()
    assert isinstance(received, EnrolmentReceived)
    assert isinstance(enrolled, MunicipalityEnrolled)
    assert enrolled.contact == received.contact
    assert await desk.pool.fetchval("SELECT person_id FROM people") == enrolled.contact.person_id
    # From then on the address is known, however it is written.
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    await desk.told()
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(contact_name="En anden")))
    (again,) = await desk.told()
    assert isinstance(again, EnrolmentReceived)
    assert again.contact.person_id == enrolled.contact.person_id


async def test_forms_of_one_address_that_get_their_places_together_are_one_persons(desk: Desk) -> None:
    await desk.publish()
    await desk.publish(programme_text().replace(f"id: {P1}", "id: andet", 1))
    forms = [await desk.form(programme_id=one, **STRANGER) for one in (P1, "andet")]
    for one in forms:
        await desk.press(one)
    vouch = VouchForAddress(organisation_code=AARHUS, email=STRANGER["contact_email"])
    await desk.ask(vouch_for_address, vouch)
    told = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    (person_id,) = [row["person_id"] for row in await desk.pool.fetch("SELECT person_id FROM people")]
    assert [one.contact.person_id for one in told] == [person_id, person_id]
    for one in forms:
        await leads_on(desk, one)


async def leads_on(desk: Desk, sign_up_id: str) -> None:
    """The link that was used leads its contact to the participants."""
    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        token = links.confirm_path(tx.links, sign_up_id, tx.now).rpartition("/")[2]
        found = await read_confirmation(tx, token)
    assert found is not None
    assert (found.stage, found.participants_path is None) == ("enrolled", False)


async def test_a_form_that_the_version_before_confirmed_leads_on_here(desk: Desk) -> None:
    """That version draws an id of its own for the person, and so does whoever else writes the address down first."""
    await desk.publish()
    await desk.knows()
    sign_up_id = await desk.form()
    await desk.pool.execute(
        "INSERT INTO people (person_id, organisation_code, name, email) VALUES ('p', $1, 'Karen', $2)",
        AARHUS,
        "karen@k0751.example",
    )
    await desk.press(sign_up_id)
    (enrolled,) = await desk.told()
    assert isinstance(enrolled, MunicipalityEnrolled)
    assert enrolled.contact.person_id == "p"
    await leads_on(desk, sign_up_id)


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


async def mailed_to(desk: Desk) -> list[str]:
    """The paths in the mails since the last look."""
    return [one.confirm_path for one in await desk.told() if isinstance(one, EnrolmentReceived)]


async def send(desk: Desk, *, caller: str = "192.0.2.1", **more: str) -> None:
    await desk.ask(receive_sign_up, ReceiveSignUp(form=sign_up(more.pop("code", AARHUS), **more), caller=caller))


async def found_by(desk: Desk, path: str) -> list[str]:
    """The sign-ups that a mailed link leads to besides its own, through all pages of them; the newest first."""
    token, found, cursor = path.rpartition("/")[2], list[str](), dict[str, str]()
    while True:
        async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
            page = await read_not_mailed(tx, token, cursor)
        assert page is not None
        ids = [links.sign_up_of(desk.links, one.rpartition("/")[2], desk.now()) for _, one in page.forms]
        assert ids == [one.sign_up_id for one, _ in page.forms]
        found += [one.sign_up_id for one, _ in page.forms]
        if page.following is None:
            return found
        cursor = {CURSOR: page.following}


@pytest.mark.parametrize("count", [10, 400])
async def test_false_forms_lock_nobody_out_however_many_and_wherever_they_come_from(desk: Desk, count: int) -> None:
    await desk.publish()
    await desk.knows()
    # The contact's own address, typed by somebody else as often as they like.
    for number in range(count):
        await send(desk, caller=f"198.51.100.{number}", contact_name=f"Falsk {number}")
    await send(desk, contact_name="Karen Kontakt")
    mails = await mailed_to(desk)
    assert len(mails) == min(count + 1, MAILS_A_DAY)
    if count < MAILS_A_DAY:
        mine = links.sign_up_of(desk.links, mails[-1].rpartition("/")[2], desk.now())
    else:
        others = await found_by(desk, mails[0])
        assert len(set(others)) == len(others) == count + 1 - MAILS_A_DAY
        mine = others[0]
    assert mine is not None
    assert (await desk.press(mine))["status"] == "Plads bekræftet"
    (fact,) = await desk.told()
    assert isinstance(fact, MunicipalityEnrolled)
    assert fact.contact.name == "Karen Kontakt"


async def test_no_caller_uses_up_the_mails_of_a_mailbox_alone(desk: Desk) -> None:
    await desk.publish()
    for _ in range(MAILS_FOR_ONE_CALLER + 2):
        await send(desk, caller="203.0.113.7")
    await send(desk)
    assert len(await mailed_to(desk)) == MAILS_FOR_ONE_CALLER + 1


async def test_mails_to_one_mailbox_are_limited_from_wherever_they_are_asked_for(desk: Desk) -> None:
    await desk.publish()
    for number in range(MAILS_A_DAY):
        await desk.form(KOEBENHAVN if number % 2 else AARHUS, caller=f"198.51.100.{number}", **STRANGER)
    wish = {**STRANGER, "contact_email": "FRODE@stranger.example"}
    await send(desk, code=HVIDOVRE, caller="203.0.113.7", **wish)
    assert await mailed_to(desk) == []
    desk.time += timedelta(days=1)
    await desk.form(HVIDOVRE, **STRANGER)


async def test_the_mailbox_that_is_mailed_is_the_one_that_is_counted(desk: Desk) -> None:
    """A main mailbox gets no mail for every address that somebody thinks of."""
    await desk.publish(confirmed("main_mailbox"))
    await desk.knows(AARHUS, main_email="Post@aarhus.example")
    for number in range(MAILS_A_DAY + 5):
        await send(desk, caller=f"198.51.100.{number}", contact_email=f"nr{number}@k0751.example")
    mails = await mailed_to(desk)
    assert len(mails) == MAILS_A_DAY
    others = await found_by(desk, mails[0])
    assert len(others) == 5
    assert (await desk.press(others[0]))["status"] == "Plads bekræftet"
    # A municipality without a main mailbox: there it is the contact's, and shares nothing with that.
    await send(desk, code=KOEBENHAVN, contact_email="nr1@k0751.example")
    (contact,) = await mailed_to(desk)
    assert await found_by(desk, contact) == []


async def test_a_link_leads_to_no_form_of_another_mailbox_and_to_none_that_is_done_with(desk: Desk) -> None:
    await desk.publish()
    stranger = links.confirm_path(desk.links, await desk.form(**STRANGER), desk.now())
    for _ in range(MAILS_FOR_ONE_CALLER + 2):
        await send(desk)
    mine = (await mailed_to(desk))[0]
    assert await found_by(desk, stranger) == []
    newer, older = await found_by(desk, mine)
    assert await found_by(desk, links.confirm_path(desk.links, older, desk.now())) == [newer]
    await desk.press(newer)
    assert await found_by(desk, mine) == [older]
    # What a version before this one wrote of a main mailbox leads nowhere: it did not say which one it mailed.
    await desk.pool.execute("UPDATE sign_ups SET by_main_mailbox = true WHERE mailed")
    assert await found_by(desk, mine) == []


async def test_a_form_that_nothing_was_mailed_for_ends_as_any_other(desk: Desk) -> None:
    await desk.publish()
    for _ in range(MAILS_FOR_ONE_CALLER + 1):
        await send(desk)
    await desk.told()
    desk.time += timedelta(days=10)
    later = links.confirm_path(desk.links, await desk.form(), desk.now())
    assert len(await found_by(desk, later)) == 1
    desk.time += timedelta(days=4)
    assert await found_by(desk, later) == []


async def test_a_link_ends_after_two_weeks(desk: Desk) -> None:
    path = links.confirm_path(desk.links, "s", datetime(2020, 6, 1, 8, tzinfo=UTC))
    token = path.rpartition("/")[2]
    assert links.sign_up_of(desk.links, token, datetime(2020, 6, 15, 7, 59, tzinfo=UTC)) == "s"
    assert links.sign_up_of(desk.links, token, datetime(2020, 6, 15, 8, 0, tzinfo=UTC)) is None
    assert links.participants_of(desk.links, token, desk.now()) is None


async def test_what_was_typed_is_forgotten_once_its_link_is_dead_and_nobody_has_to_answer(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    unused = await desk.form(**STRANGER)
    await desk.press(await desk.form())
    waiting = await desk.form(KOEBENHAVN, **STRANGER)
    await desk.press(waiting)
    # As a version before this one takes them in: with the person that it has made.
    await desk.pool.execute(
        """
        INSERT INTO people (person_id, organisation_code, name, email)
        SELECT applicant_id, organisation_code, 'Frode', command ->> 'contact_email' FROM sign_ups WHERE id = $1
        """,
        unused,
    )
    await desk.pool.execute(
        """
        INSERT INTO sign_ups (id, enrolment_id, person_id, command, received_at, correlation_id)
        SELECT 'before', enrolment_id, applicant_id, command, received_at, correlation_id FROM sign_ups WHERE id = $1
        """,
        unused,
    )

    async def kept(days: int) -> list[str]:
        """So many days after something became of them."""
        await desk.pool.execute("UPDATE sign_ups SET stored_at = now() - make_interval(days => $1)", days)
        await keep_to(SIGN_UPS, desk.pool)
        return [row["id"] for row in await desk.pool.fetch("SELECT id FROM sign_ups")]

    assert len(await kept(89)) == 4
    for _ in range(2):
        assert await kept(91) == [waiting]
        desk.time += timedelta(days=90)
        await desk.ring()
    await desk.ask(dismiss_sign_up, DismissSignUp(sign_up_id=waiting))
    assert await keep_to(SIGN_UPS, desk.pool) == 0, "kept as long again: its link says what became of it"
    assert await kept(89) == [waiting]
    assert await kept(91) == []
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


async def test_whoever_got_no_mail_of_their_own_finds_their_form_by_the_last_one_and_confirms_it(town: Town) -> None:
    desk = town.desk
    await desk.publish()
    await desk.knows()
    for _ in range(MAILS_FOR_ONE_CALLER):
        await send(desk, caller="203.0.113.7", contact_name="Falsk <b>")
    latest = (await mailed_to(desk))[-1]
    assert "/flere" not in (await town.client.get(latest)).text
    for number in range(21):
        await send(desk, caller="203.0.113.7", contact_name=f"Falsk nr. {number}")
    await town.move_to(datetime(2020, 6, 1, 9, 30, tzinfo=UTC))
    await send(desk, caller="203.0.113.7", contact_name="Karen <b>")
    assert await mailed_to(desk) == []

    assert f'href="{latest}/flere"' in (await town.client.get(latest)).text
    answer = await town.client.get(f"{latest}/flere")
    assert (answer.status_code, answer.headers["referrer-policy"]) == (200, "strict-origin")
    assert "mandag den 1. juni 2020 kl. 11.30" in answer.text
    assert ("Karen &lt;b&gt;" in answer.text, "Falsk nr. 1<" in answer.text) == (True, False)
    older = html.unescape(re.findall(r'rel="next" href="([^"]+)"', answer.text)[0])
    assert "Falsk nr. 1<" in (await town.client.get(older)).text
    assert (await town.client.get("/tilmeld/bekraeft/AAAA.AAAA/flere")).status_code == 404

    mine = re.findall(r'href="(/tilmeld/bekraeft/[^"/]+)">Se formularen', answer.text)[0]
    assert "Karen &lt;b&gt;" in (await town.client.get(mine)).text
    assert await press_on_page(town, mine) == 303
    assert "Aarhus Kommune er tilmeldt" in (await town.client.get(mine)).text


@pytest.mark.parametrize(
    ("said", "asked"), [("", True), ("  asks_billing: true\n", True), ("  asks_billing: false\n", False)]
)
async def test_the_form_asks_who_pays_where_something_costs_unless_the_file_says_no(
    town: Town, said: str, *, asked: bool
) -> None:
    await town.desk.publish(programme_text().replace("  contact_label:", f"{said}  contact_label:", 1))
    page = await town.client.get(f"/tilmeld/{P1}")
    assert ('name="billing.ean"' in page.text) is asked
    assert ("Faktura</legend>" in page.text) is asked
