"""Another system with a token of its own: it reads, and decides about, the letters of what it put in, and no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.read_messages import read_message, read_messages
from services.notifications.usecases.send_message import send_message
from services.notifications.usecases.settle_message import ResendMessage, SettleMessage, resend_message, settle_message
from shared.base.answers import Answer
from shared.contracts.enrollment import (
    EnrolmentWithdrawn,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    MunicipalityInvited,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    RosterFact,
)
from shared.contracts.invoicing import CreditNoteIssued, InvoiceIssued, InvoiceOverdue
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.contracts.parties import Organisation
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingScheduled
from shared.storage.tx import Tx
from tests.support import facts
from tests.support.facts import CONTACT, DAY, FACT_EXAMPLES, MEETINGS_OWNER, PROGRAMME, a_meeting, an_enrolment
from tests.support.letters import written
from tests.support.room import Room

CRM, CALENDAR, STAFF = "client/crm", "client/kalender", None
SCHEDULED = MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=a_meeting(when=DAY))
NOTE = SendMessage(**facts._SAID)


async def shown_to(desk: Room, actor: str | None, **query: str) -> set[str]:
    """The templates of the letters that it is shown: in the list and, each of them, one by one."""
    desk.actor = actor
    listed = {one["id"]: one["template"] for one in (await desk.read(read_messages, **query))["messages"]}
    alone = {one.id: one.template for one in await written(desk) if await is_shown(desk, one.id)}
    assert query or alone == listed
    desk.actor = None
    return set(listed.values())


async def is_shown(desk: Room, message_id: str) -> bool:
    try:
        return (await desk.read(read_message, message_id=message_id))["id"] == message_id
    except Refused as refused:
        return (refused.code, refused.status) != ("unknown_message", 404)


async def heard(desk: Room, actor: str | None, *told: Any) -> None:
    desk.actor = actor
    await desk.hear(*told)
    desk.actor = None


async def test_whoever_dates_a_meeting_is_not_shown_the_letters_to_those_who_go_there(desk: Room) -> None:
    await heard(desk, CRM, an_enrolment())
    await heard(desk, CALENDAR, SCHEDULED)
    assert await shown_to(desk, CALENDAR) == set()
    assert await shown_to(desk, CRM) == {"place_confirmed"}
    assert await shown_to(desk, STAFF) == {"place_confirmed", "save_the_date"}


async def test_nor_are_the_reminders_of_it_shown(desk: Room) -> None:
    await heard(desk, CRM, an_enrolment())
    await heard(desk, CALENDAR, SCHEDULED)
    await desk.ring(await desk.pool.fetchval("SELECT due FROM timers WHERE timer = 'meeting_reminder'"))
    assert "nobody_registered" in await shown_to(desk, STAFF)
    assert await shown_to(desk, CALENDAR) == set()


async def test_whoever_signs_up_is_shown_the_meetings_that_follow_from_that(desk: Room) -> None:
    await heard(desk, CALENDAR, SCHEDULED)
    await heard(desk, CRM, an_enrolment())
    assert await shown_to(desk, CRM) == {"place_confirmed", "save_the_date"}
    assert await shown_to(desk, CALENDAR) == set()
    (registered,) = (one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    await heard(desk, CRM, registered)
    assert await shown_to(desk, CRM) == {"place_confirmed", "save_the_date", "participant_registered"}


async def test_a_mailbox_that_is_somebody_elses_guest_again_is_shown_to_staff(desk: Room) -> None:
    """A client that gives up whom it registered at a guessed address is not told who else has it."""
    karen = CONTACT.model_copy(update={"name": "Karen Kontakt", "email": "karen@k0751.example", "person_id": "karen"})
    elsewhere = Organisation(code="0751", name="Aarhus Kommune")
    (registered,) = (one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    guessed = {"person": registered.person.model_copy(update={"email": karen.email.upper(), "name": "Gættet"})}
    await heard(desk, STAFF, SCHEDULED)
    await heard(desk, STAFF, an_enrolment(contact=karen, organisation=elsewhere, enrolment_id=f"{PROGRAMME.id}~0751"))
    await heard(desk, CRM, an_enrolment())
    await heard(desk, CRM, registered.model_copy(update=guessed))
    desk.time += timedelta(hours=1)
    left = {name: getattr(registered, name) for name in RosterFact.model_fields}
    await heard(desk, CRM, ParticipantCancelled(**left | guessed))

    assert "registration_cancelled" in await shown_to(desk, STAFF)
    assert await shown_to(desk, CRM) == {"place_confirmed", "save_the_date", "participant_registered"}
    desk.actor = CRM
    for one in (await desk.read(read_messages))["messages"]:
        assert "Karen Kontakt" not in str(await desk.read(read_message, message_id=one["id"]))


async def test_a_slip_that_is_put_right_is_no_letter(desk: Room) -> None:
    (registered,) = (one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    await heard(desk, STAFF, SCHEDULED)
    await heard(desk, CRM, an_enrolment(), registered)
    before = await shown_to(desk, STAFF)
    told = {
        name: getattr(registered, name) for name in ("owner", "programme", "enrolment_id", "organisation", "contact")
    }
    written = registered.person.model_copy(update={"name": "Rettet"})
    desk.time += timedelta(hours=1)
    await heard(
        desk, CRM, ParticipantReplaced(**told, meeting=registered.meeting, person=written, previous=registered.person)
    )
    assert await shown_to(desk, STAFF) == before
    row = await desk.pool.fetchrow("SELECT name, takes_part FROM participants")
    assert row is not None
    assert (row["name"], row["takes_part"]) == ("Rettet", True)


async def test_what_becomes_of_its_place_and_its_people_is_shown_and_money_is_not(desk: Room) -> None:
    about_its_own = (ExtraParticipantAdded, ExtraParticipantRemoved, EnrolmentWithdrawn)
    about_money = (InvoiceIssued, CreditNoteIssued, InvoiceOverdue)
    await heard(desk, CRM, an_enrolment())
    for kind in (*about_its_own, *about_money):
        desk.time += timedelta(hours=1)
        await heard(desk, CRM, *[one for one in FACT_EXAMPLES if isinstance(one, kind)][:1])
    own = {"place_confirmed", "extra_participant", "extra_participant_removed", "withdrawn"}
    assert own <= await shown_to(desk, CRM)
    money = {"invoice", "credit_note", "payment_reminder"}
    assert money <= await shown_to(desk, STAFF)
    assert not money & await shown_to(desk, CRM)


async def test_whoever_invites_is_not_shown_the_address_book(desk: Room) -> None:
    (invited,) = (one for one in FACT_EXAMPLES if isinstance(one, MunicipalityInvited))
    await heard(desk, CRM, invited)
    assert (await shown_to(desk, CRM), await shown_to(desk, STAFF)) == (set(), {"invited"})


@pytest.mark.parametrize("says", ["by_form", "notify"])
async def test_whoever_lets_a_form_in_has_not_put_it_in(desk: Room, says: str) -> None:
    """Also where the municipality has no main mailbox, or a version before this one says so by naming that."""
    (invited,) = (one for one in FACT_EXAMPLES if isinstance(one, MunicipalityInvited))
    form = an_enrolment(by_form=True) if says == "by_form" else an_enrolment(notify=invited.to[0])
    await heard(desk, None, SCHEDULED)
    await heard(desk, CRM, form)
    assert (await shown_to(desk, CRM), await shown_to(desk, STAFF)) == (set(), {"place_confirmed", "save_the_date"})


async def test_what_it_asked_for_itself_is_its_own(desk: Room) -> None:
    desk.actor = CRM
    await desk.ask(send_message, NOTE)
    assert await shown_to(desk, CRM) == {"note"}
    assert await shown_to(desk, CALENDAR) == set()


@pytest.mark.parametrize(
    ("usecase", "command"), [(resend_message, ResendMessage), (settle_message, SettleMessage)], ids=["resend", "settle"]
)
async def test_a_client_decides_about_its_own_mails_and_no_others(
    desk: Room, usecase: Callable[[Tx, Any], Awaitable[Answer]], command: Callable[..., Any]
) -> None:
    await heard(desk, CALENDAR, SCHEDULED)
    desk.actor = CRM
    await desk.ask(send_message, NOTE)
    await heard(desk, STAFF, an_enrolment())
    await desk.pool.execute("UPDATE messages SET state = 'unknown', reply = 'no_answer'")
    mails = {one.template: one.id for one in await written(desk)}
    for template, message_id in mails.items():
        for actor in (CALENDAR, CRM):
            desk.actor = actor
            if (template, actor) == ("note", CRM):
                continue
            refused = await desk.refusal(usecase, command(message_id=message_id))
            assert (refused.code, refused.status) == ("unknown_message", 404), (template, actor)
    assert {one.state for one in await written(desk)} == {"unknown"}
    desk.actor = CRM
    await desk.ask(usecase, command(message_id=mails["note"]))
    desk.actor = STAFF
    await desk.ask(usecase, command(message_id=mails["place_confirmed"]))


async def test_a_reminder_that_another_has_armed_is_moved_by_staff_alone(desk: Room) -> None:
    (armed,) = (one for one in facts.COMMAND_EXAMPLES if isinstance(one, ArmReminder))
    desk.actor = CRM
    await desk.ask(arm_reminder, armed)
    await desk.ask(arm_reminder, armed.model_copy(update={"text": "Vores ord"}))
    desk.actor = CALENDAR
    refused = await desk.refusal(arm_reminder, armed.model_copy(update={"text": "Fremmede ord"}))
    assert (refused.code, refused.status) == ("armed_by_another", 409)
    assert await desk.pool.fetchval("SELECT text FROM reminders") == "Vores ord"
    desk.actor = STAFF
    await desk.ask(arm_reminder, armed.model_copy(update={"text": "Stabens ord"}))
    desk.actor = CRM
    await desk.ask(arm_reminder, armed.model_copy(update={"text": "Vores igen"}))
    await desk.ring(armed.due)
    assert await shown_to(desk, CRM) == {"note"}


async def test_what_the_version_before_wrote_is_shown_where_it_can_only_be_the_clients_own(desk: Room) -> None:
    await heard(desk, CRM, an_enrolment(), SCHEDULED)
    await desk.pool.execute("UPDATE messages SET put_in_by = NULL, actor = 'token/crm'")
    assert await shown_to(desk, CRM) == {"place_confirmed"}
    assert await shown_to(desk, CALENDAR) == set()


async def test_the_letters_of_a_client_come_in_pages_the_newest_first(desk: Room) -> None:
    for actor in (CRM, "token/crm", CALENDAR, CRM):
        desk.actor = actor
        for _ in range(2):
            number = await desk.pool.fetchval("SELECT count(*) FROM messages")
            await desk.ask(send_message, NOTE.model_copy(update={"occasion": f"n{number}"}))
    desk.actor = CRM
    seen, query = [], {"limit": "2"}
    while True:
        page = await desk.read(read_messages, **query)
        seen += [one["occasion"] for one in page["messages"]]
        if page["next"] is None:
            break
        query["cursor"] = str(page["next"])
    assert seen == ["n7", "n6", "n3", "n2", "n1", "n0"]
    assert CONTACT.email not in str(page)
