"""Somebody is erased: mails that others have to get now are seen by staff, and namesakes are left as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.settle_message import ResendMessage, resend_message
from shared.contracts.enrollment import ParticipantRegistered, PersonErased
from shared.contracts.notifications import ArmReminder, MessageFailed
from shared.contracts.parties import Person
from tests.integration.notifications.test_roles import BO, EXAMPLES, WITHOUT_MAILBOX, appointed
from tests.support.facts import OWNER, PERSON, RECEIVED, a_meeting, an_enrolment
from tests.support.letters import written
from tests.support.room import Room


async def is_erased(desk: Room, person: Person) -> None:
    await desk.hear(PersonErased(owner=OWNER, person_id=person.person_id))
    while await desk.ring():
        pass


async def is_invoiced(desk: Room, text: str, **buyer: Any) -> None:
    line = WITHOUT_MAILBOX.lines[0].model_copy(update={"text": text})
    invoice = WITHOUT_MAILBOX.model_copy(
        update={
            "lines": (line,),
            "buyer": WITHOUT_MAILBOX.buyer.model_copy(update=buyer),
            "number": 1 + bool(buyer),
        }
    )
    await desk.hear(EXAMPLES["InvoiceIssued"].model_copy(update={"invoice": invoice, "invoice_id": invoice.id}))


async def test_an_invoice_that_waits_for_whoever_is_erased_has_failed_and_staff_read_of_it(desk: Room) -> None:
    await desk.hear(an_enrolment(), appointed(BO))
    await is_invoiced(desk, "Gebyr")
    await is_erased(desk, BO)
    (invoice,) = await written(desk, "invoice")
    assert (invoice.state, invoice.reply) == ("failed", "erased")
    failed = [fact for fact in await desk.told() if isinstance(fact, MessageFailed)]
    assert ("invoice", "erased") in [(one.template, one.reason) for one in failed]
    refused = await desk.refusal(resend_message, ResendMessage(message_id=invoice.id))
    assert refused.code == "erased"


async def test_a_calendar_that_waits_for_whoever_is_erased_is_nobodys_to_see_to(desk: Room) -> None:
    await desk.hear(EXAMPLES["MeetingScheduled"], an_enrolment(), EXAMPLES["ParticipantRegistered"])
    await is_erased(desk, PERSON)
    (invitation,) = await written(desk, "participant_registered")
    assert (invitation.state, invitation.reply) == ("settled", "erased")


async def test_what_was_written_to_somebody_who_holds_nothing_any_more_is_forgotten(desk: Room) -> None:
    await desk.hear(an_enrolment(), appointed(BO))
    await desk.hear(appointed(None, BO))
    await is_erased(desk, BO)
    rows = await desk.pool.fetch("SELECT to_jsonb(m)::text AS whole FROM messages m WHERE recipient = $1", BO.person_id)
    assert len(rows) == 2
    for row in rows:
        assert BO.email not in row["whole"]
        assert "Bo Bilag" not in row["whole"]


@pytest.mark.parametrize("name", ["Anna Hansen", "Bo"])
async def test_the_invoice_of_another_municipality_that_names_a_namesake_stays_as_it_is(desk: Room, name: str) -> None:
    registered = EXAMPLES["ParticipantRegistered"]
    anna = PERSON.model_copy(update={"name": name})
    await desk.hear(an_enrolment(), registered.model_copy(update={"person": anna}))
    await is_invoiced(desk, f"Ekstra deltager: {name}")
    await is_invoiced(desk, f"Ekstra deltager: {name}", code="0751", name="Aarhus Kommune")
    await is_erased(desk, anna)
    said = {one.says["organisation"]: json.dumps(one.says["lines"]) for one in await written(desk, "invoice")}
    assert name in said.pop("Aarhus Kommune")
    (own,) = said.values()
    assert name not in own


async def test_nothing_is_armed_for_whoever_was_erased(desk: Room) -> None:
    await is_erased(desk, BO)
    asked = ArmReminder(
        recipient=BO.person_id,
        email=BO.email,
        about="meeting/m-1",
        occasion="1",
        title="Husk",
        text="Husk mødet",
        due=RECEIVED,
    )
    assert (await desk.refusal(arm_reminder, asked)).code == "erased"
    assert await desk.pool.fetchval("SELECT count(*) FROM reminders") == 0


async def test_the_first_mail_says_who_has_their_data_whatever_it_is_about(desk: Room) -> None:
    """Put in without a mail, and then written to about money; and the contact, whom others put in as well."""
    await desk.hear(an_enrolment(quiet=True), appointed(BO, quiet=True))
    await is_invoiced(desk, "Gebyr")
    await desk.hear(EXAMPLES["ReservationReminderDue"])
    await desk.hear(appointed(BO.model_copy(update={"name": "Bo B. Bilag"})))
    told = {one.template: "introduction" in one.says for one in await written(desk)}
    assert (told["invoice"], told["forbehold_awaited"]) == (True, True)
    assert not [one for one in await written(desk, "role_appointed") if "introduction" in one.says]


async def test_whoever_sent_the_form_themselves_is_told_nothing_that_they_know(desk: Room) -> None:
    await desk.hear(EXAMPLES["EnrolmentReceived"], an_enrolment())
    assert not [one.template for one in await written(desk) if "introduction" in one.says]


async def test_a_participant_whose_meeting_is_another_one_is_no_namesake(desk: Room) -> None:
    """An invoice mail of their own municipality is found by the meeting they were at, whichever that was."""
    registered = EXAMPLES["ParticipantRegistered"]
    assert isinstance(registered, ParticipantRegistered)
    await desk.hear(an_enrolment(), registered.model_copy(update={"meeting": a_meeting("2")}))
    await is_invoiced(desk, f"Ekstra deltager: {PERSON.name}")
    await is_erased(desk, PERSON)
    (invoice,) = await written(desk, "invoice")
    assert PERSON.name not in json.dumps(invoice.says["lines"])
