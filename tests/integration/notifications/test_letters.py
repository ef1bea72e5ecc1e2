"""Letters, reminders and digests, from facts to the queue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.notifications.adapters.mime import message_id
from services.notifications.domain.colours import HOUSE
from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.explain import explain
from services.notifications.usecases.read_messages import read_message, read_messages
from services.notifications.usecases.send_message import send_message
from shared.base.cause import Cause
from shared.contracts.enrollment import Mailbox, ProgrammePublished
from shared.contracts.notifications import ArmReminder, MessageFailed, SendMessage
from shared.contracts.programme import LookTerm
from shared.contracts.scheduling import MeetingCancelled, MeetingPlanned, MeetingRescheduled, MeetingScheduled
from shared.storage.tx import transaction
from tests.support import facts
from tests.support.facts import CONTACT, MEETING, OWNER, PERSON, PROGRAMME, PROGRAMME_TERMS
from tests.support.letters import COMPOSER, templates, text, written
from tests.support.room import BY_HAND, Room

EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
WHOLE = {"owner": facts.MEETINGS_OWNER, "programme": PROGRAMME}


def dated(**changes: Any) -> MeetingScheduled:
    return MeetingScheduled(**WHOLE, meeting=facts.a_meeting(**changes))  # type: ignore[arg-type] # a bag of fields


async def test_a_letter_has_the_colours_that_its_programme_had_when_it_was_written(desk: Room) -> None:
    def published(version: int, look: LookTerm | None) -> ProgrammePublished:
        ref = PROGRAMME.model_copy(update={"version": version})
        terms = PROGRAMME_TERMS.model_copy(update={"ref": ref, "look": look})
        return ProgrammePublished(owner=OWNER, terms=terms)

    def in_round(round_id: str) -> Any:
        return EXAMPLES["MunicipalityInvited"].model_copy(update={"round_id": round_id})

    looks = [LookTerm(colour="#005a8c"), LookTerm(colour="#ffcc00", text="black"), LookTerm(colour="#ffcc00"), None]
    await desk.hear(in_round("before"))
    for version, look in enumerate(looks, start=1):
        await desk.hear(published(version, look))
        await desk.hear(in_round(f"round-{version}"))
    colours = [
        next(colour for colour in (HOUSE.colour, "#005a8c", "#ffcc00") if f"background-color:{colour}" in texts.html)
        for texts in map(COMPOSER.texts, await written(desk, "invited"))
    ]
    # White on yellow cannot be read, whoever tells of it; the house's colours are taken.
    assert colours == [HOUSE.colour, "#005a8c", "#ffcc00", HOUSE.colour, HOUSE.colour]


async def test_every_fact_with_a_letter_of_its_own_writes_it_once(desk: Room) -> None:
    told = [
        "MunicipalityInvited", "InvitationReminderDue", "SignUpDraftSaved", "EnrolmentReceived", "EnrolmentWaitlisted",
        "MunicipalityEnrolled", "ExtraParticipantAdded", "ExtraParticipantRemoved", "InvoiceIssued", "CreditNoteIssued",
        "InvoiceOverdue", "ReservationReminderDue", "ReservationResolved", "EnrolmentLapsed", "EnrolmentWithdrawn",
        "QuoteGiven", "QuoteReminderDue", "OptionOrdered", "OptionWithdrawn", "OptionDelivered",
    ]  # fmt: skip
    for name in [*told, *told]:
        await desk.hear(EXAMPLES[name])
    assert [template for template, _ in await templates(desk)] == [
        "invited",
        "invitation_reminder",
        "draft_saved",
        "sign_up_received",
        "waitlisted",
        "place_confirmed",
        "extra_participant",
        "extra_participant_removed",
        "invoice",
        "credit_note",
        "payment_reminder",
        "forbehold_awaited",
        "forbehold_answered",
        "lapsed",
        "withdrawn",
        "quote_given",
        "quote_awaited",
        "option_ordered",
        "option_withdrawn",
        "option_delivered",
    ]


async def test_whoever_did_not_put_an_enrolment_in_is_not_shown_the_link_in_its_quote(desk: Room) -> None:
    """A system that runs a track says what is delivered, and staff what is offered: neither is its contact."""
    desk.actor = "client/track"
    await desk.hear(EXAMPLES["QuoteGiven"], EXAMPLES["OptionDelivered"], EXAMPLES["OptionOrdered"])
    shown = await desk.read(read_messages)
    assert [one["template"] for one in shown["messages"]] == ["option_ordered"]


async def test_the_contact_is_who_is_known_where_another_system_names_nobody(desk: Room) -> None:
    bare = EXAMPLES["OptionOrdered"].model_copy(update={"contact": None, "title": ""})
    await desk.hear(bare)
    assert await templates(desk) == []
    await desk.hear(facts.an_enrolment(), bare.model_copy(update={"round": 2}))
    assert ("option_ordered", CONTACT.email) in await templates(desk)


async def test_staff_read_what_became_of_options_and_a_letter_less_where_all_has_ended(desk: Room) -> None:
    ordered = facts.an_option_ordered(by_quote=True)
    await desk.hear(
        ordered, facts.an_option_ordered(option_id="x"), facts.an_option_withdrawn(reason="enrolment_ended")
    )
    await desk.hear(EXAMPLES["QuoteDeclined"], EXAMPLES["QuoteLapsed"])
    assert [template for template, _ in await templates(desk)] == ["option_ordered", "option_ordered"]
    await desk.ring(datetime(2020, 6, 16, 6, tzinfo=UTC))
    words = await text(desk, "digest")
    for said in (
        "Gennemgang af 25 sager: tilbud accepteret, 95.000,00 kr.",
        "Gennemgang af 25 sager: bestilt, 95.000,00 kr.",
        "Gennemgang af 25 sager: bestilling trukket tilbage",
        "Analyse af grupper af borgere: tilbud afslået",
        "Analyse af grupper af borgere: tilbud udløbet uden svar",
    ):
        assert said in " ".join(words.split()), said


async def test_the_extra_participant_is_known_from_that_fact_alone_and_the_contact_reads_the_price(desk: Room) -> None:
    await desk.hear(dated(), facts.an_extra_participant())
    assert await templates(desk) == [("extra_participant", CONTACT.email), ("participant_registered", PERSON.email)]
    words = await text(desk, "extra_participant")
    assert "Pris ekskl. moms: 1.000,00 kr." in words
    assert "Pris inkl. moms: 1.250,00 kr." in words


async def test_an_invoice_goes_to_the_mailbox_for_invoices_if_there_is_one(desk: Room) -> None:
    await desk.hear(EXAMPLES["InvoiceIssued"])
    billing = facts.BILLING.model_copy(update={"email": "faktura@kobenhavn.example"})
    invoice = facts.INVOICE.model_copy(update={"number": 2, "billing": billing})
    await desk.hear(EXAMPLES["InvoiceIssued"].model_copy(update={"invoice_id": invoice.id, "invoice": invoice}))
    assert [(one.recipient, one.email) for one in await written(desk)] == [
        (CONTACT.person_id, CONTACT.email),
        ("0101/faktura", "faktura@kobenhavn.example"),
    ]


async def test_participants_are_reminded_as_agreed_and_the_reminder_moves_with_the_meeting(desk: Room) -> None:
    terms = PROGRAMME_TERMS.model_copy(
        update={"terms": PROGRAMME_TERMS.terms.model_copy(update={"reminder_days": (14, 2)})}
    )
    await desk.hear(dated(), facts.an_enrolment(), EXAMPLES["ParticipantRegistered"])
    await desk.hear(ProgrammePublished(owner=OWNER, terms=terms))
    later = facts.TIMED.model_copy(
        update={
            "first_day": date(2021, 5, 20),
            "last_day": date(2021, 5, 20),
            "starts_at": datetime(2021, 5, 20, 7, 30, tzinfo=UTC),
            "ends_at": datetime(2021, 5, 20, 14, tzinfo=UTC),
        }
    )
    assert await desk.ring(datetime(2021, 4, 1, 6, tzinfo=UTC)) >= 1
    await desk.hear(
        MeetingRescheduled(**WHOLE, meeting=facts.a_meeting(when=later, date_version=1), previous=facts.TIMED)  # type: ignore[arg-type] # a bag of fields
    )
    await desk.ring(datetime(2021, 5, 6, 6, tzinfo=UTC))
    await desk.ring(datetime(2021, 5, 18, 6, tzinfo=UTC))
    reminders = await written(desk, "meeting_reminder")
    assert [(one.email, one.occasion) for one in reminders] == [
        (PERSON.email, "0/14"),
        (PERSON.email, "1/14"),
        (PERSON.email, "1/2"),
    ]


async def test_a_later_version_changes_the_reminders_to_come_and_no_letter_that_was_written(desk: Room) -> None:
    def version(number: int, *days: int) -> ProgrammePublished:
        terms = PROGRAMME_TERMS.terms.model_copy(update={"reminder_days": days})
        ref = facts.a_programme(version=number, staff_email=f"stab{number}@forening.example")
        return ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS.model_copy(update={"terms": terms, "ref": ref}))

    await desk.hear(version(1, 14, 2), dated(), facts.an_enrolment(), EXAMPLES["ParticipantRegistered"])
    await desk.ring(datetime(2021, 4, 1, 6, tzinfo=UTC))
    before = [(one.template, one.occasion, one.says) for one in await written(desk)]
    await desk.hear(version(2, 14, 5))
    await desk.hear(version(2, 14, 5))
    assert [(one.template, one.occasion, one.says) for one in await written(desk)] == before
    await desk.ring(datetime(2021, 4, 14, 6, tzinfo=UTC))
    assert [one.occasion for one in await written(desk, "meeting_reminder")] == ["0/14", "0/5"]
    # An older version that comes late is no news.
    await desk.hear(version(1, 14, 2))
    await desk.ring(datetime(2021, 4, 14, 7, tzinfo=UTC))
    assert [one.occasion for one in await written(desk, "meeting_reminder")] == ["0/14", "0/5"]
    await desk.hear(facts.an_extra_participant())
    await desk.ring(datetime(2021, 4, 15, 5, tzinfo=UTC))
    assert {one.email for one in await written(desk, "digest")} >= {"stab2@forening.example"}


async def test_without_the_programmes_terms_people_are_reminded_a_week_before(desk: Room) -> None:
    await desk.hear(dated(), facts.an_enrolment())
    await desk.ring(datetime(2021, 4, 14, 6, tzinfo=UTC))
    assert [(one.email, one.occasion) for one in await written(desk, "nobody_registered")] == [(CONTACT.email, "0/7")]
    assert await written(desk, "meeting_reminder") == []


async def test_nobody_is_reminded_of_a_cancelled_meeting(desk: Room) -> None:
    await desk.hear(dated(), facts.an_enrolment(), EXAMPLES["ParticipantRegistered"])
    await desk.hear(MeetingCancelled(**WHOLE, meeting=facts.a_meeting(date_version=1), reason=""))  # type: ignore[arg-type] # a bag of fields
    await desk.ring(datetime(2021, 4, 14, 6, tzinfo=UTC))
    assert await written(desk, "meeting_reminder") == []


async def test_staff_get_one_mail_in_the_morning_and_none_when_nothing_happened(desk: Room) -> None:
    desk.time = datetime(2020, 6, 15, 8, tzinfo=UTC)
    await desk.hear(facts.an_enrolment(), EXAMPLES["MeetingPlanned"], EXAMPLES["EnrollmentIntakeRejected"])
    await desk.hear(facts.an_extra_participant())
    assert await written(desk, "digest") == []
    await desk.ring(datetime(2020, 6, 16, 5, tzinfo=UTC))
    words = await text(desk, "digest")
    assert "Københavns Kommune (oest)" in words
    assert "Københavns Kommune: 1. heldagsmøde, 1.000,00 kr. ekskl. moms" in words
    assert "1. heldagsmøde (oest)" in words
    assert "EnrolMunicipality fra /crm: deadline_passed" in words
    assert PERSON.name not in words
    await desk.ring(datetime(2020, 6, 30, 5, tzinfo=UTC))
    assert len(await written(desk, "digest")) == 1
    # A client is shown the mails that it is behind, and this one speaks of everybody.
    rows = await desk.pool.fetch("SELECT actor FROM messages WHERE template = 'digest'")
    assert [row["actor"] for row in rows] == ["clock"]


async def test_another_service_has_somebody_told_once(desk: Room) -> None:
    await desk.hear(facts.an_enrolment())
    command = SendMessage(**facts._SAID)
    first = await desk.ask(send_message, command)
    assert await desk.ask(send_message, command) == first
    (note,) = await written(desk, "note")
    assert note.says["programme"]["id"] == PROGRAMME.id


async def test_the_same_letter_under_another_id_is_refused_by_the_database(desk: Room) -> None:
    await desk.hear(facts.an_enrolment())
    await desk.ask(send_message, SendMessage(**facts._SAID))
    with pytest.raises(asyncpg.UniqueViolationError, match="told_once"):
        await desk.pool.execute(
            "INSERT INTO messages (id, template, recipient, about, occasion, name, email, address_key, says, "
            "written_at, correlation_id) SELECT 'another', template, recipient, about, occasion, name, email, "
            "address_key, says, written_at, correlation_id FROM messages WHERE template = 'note'"
        )


async def test_a_reminder_asked_for_again_moves(desk: Room) -> None:
    due = datetime(2020, 7, 1, 8, tzinfo=UTC)
    await desk.ask(arm_reminder, ArmReminder(**facts._SAID, due=due))
    later = datetime(2020, 8, 1, 8, tzinfo=UTC)
    await desk.ask(arm_reminder, ArmReminder(**{**facts._SAID, "text": "Nu!"}, due=later))
    await desk.ring(due)
    assert await written(desk) == []
    await desk.ring(later)
    (note,) = await written(desk, "note")
    assert (note.says["text"], note.written_at) == ("Nu!", later)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"email": "bo"}, "invalid_address", "email"),
        ({"title": " \r\n"}, "missing", "title"),
        ({"about": "æ" * 150}, "too_long", "about"),
    ],
)
async def test_what_no_mail_can_be_made_of_is_refused(
    desk: Room, changes: dict[str, str], code: str, field: str
) -> None:
    refused = await desk.refusal(send_message, SendMessage(**{**facts._SAID, **changes}))
    assert (refused.code, refused.field) == (code, field)


async def test_an_address_that_is_none_fails_the_letter_and_nothing_else(desk: Room) -> None:
    contact = CONTACT.model_copy(update={"email": "kontakt@kobenhavn\r\nBcc: x@y.example"})
    await desk.hear(facts.an_enrolment(contact=contact))
    assert [(one.state, one.reply) for one in await written(desk)] == [("failed", "invalid_address")]
    (told,) = await desk.told()
    assert isinstance(told, MessageFailed)
    assert told.reason == "invalid_address"


async def test_hostile_facts_are_stored_and_written(desk: Room) -> None:
    evil = "A\x00\r\nBcc: x@y.example\u202e" + "ø" * 10_000
    person = PERSON.model_copy(update={"name": evil})
    organisation = facts.ORGANISATION.model_copy(update={"name": evil})
    await desk.hear(dated(title=evil, place=evil, link=evil), facts.an_enrolment(organisation=organisation))
    await desk.hear(facts.an_extra_participant(person=person, organisation=organisation))
    assert await templates(desk) == [
        ("place_confirmed", CONTACT.email),
        ("invitation", CONTACT.email),
        ("extra_participant", CONTACT.email),
        ("participant_registered", PERSON.email),
    ]


async def test_staff_see_what_was_written_and_why(desk: Room) -> None:
    await desk.hear(facts.an_enrolment(), dated())
    listed = await desk.read(read_messages, template="invitation")
    (only,) = listed["messages"]
    assert (only["title"], only["organisation"], only["state"]) == (
        "Invitation til mødet",
        "Københavns Kommune",
        "pending",
    )
    assert "email" not in only
    whole = await desk.read(read_message, message_id=only["id"])
    assert whole["subject"] == "Invitation: 1. heldagsmøde, 15. april 2021"
    assert "METHOD:REQUEST" in whole["calendar"]
    (message,) = await written(desk, "invitation")
    shown_in_the_mail = message_id(message.key, "post@forening.example").strip("<>").partition("@")[0]
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        effect = await explain(tx, only["id"])
        assert await explain(tx, shown_in_the_mail) == effect
        assert await explain(tx, "f" * 32) is None
    assert effect is not None
    assert effect.title == "Invitation til mødet til Københavns Kommune"
    assert effect.cause.causation_id == "e1"


async def test_where_a_meeting_is_held_online_is_in_no_mail_that_a_client_is_shown(desk: Room) -> None:
    link = "https://video.example/l/hemmeligt"
    await desk.hear(dated(link=link), facts.an_enrolment())
    await desk.pool.execute("UPDATE messages SET actor = 'client/crm', put_in_by = 'client/crm'")
    (message,) = await written(desk, "invitation")

    async def shown(actor: str) -> dict[str, Any]:
        async with transaction(desk.pool, desk, desk.source, Cause("c", None, actor)) as tx:
            return await read_message(tx, {"message_id": message.id})

    staff, client = await shown("token/staff"), await shown("client/crm")
    unfolded = {name: staff[name].replace("\r\n ", "") for name in ("text", "html", "calendar")}
    assert [name for name, said in unfolded.items() if link in said] == ["text", "html", "calendar"]
    assert "hemmeligt" not in str(client).replace("\\r\\n ", "")
    assert client["subject"] == staff["subject"]


async def test_a_meeting_that_was_only_planned_writes_to_nobody(desk: Room) -> None:
    await desk.hear(facts.an_enrolment())
    await desk.hear(MeetingPlanned(**WHOLE, meeting=MEETING.model_copy(update={"when": None})))  # type: ignore[arg-type] # a bag of fields
    assert await templates(desk) == [("place_confirmed", CONTACT.email)]


async def test_a_note_of_staff_says_nothing_of_it_and_the_next_mail_does(desk: Room) -> None:
    note = SendMessage(
        recipient=PERSON.person_id, email=PERSON.email, about="meeting/m-1", occasion="1", title="Hej", text="Husk mad."
    )
    await desk.ask(send_message, note)
    await desk.hear(dated(), EXAMPLES["ParticipantRegistered"])
    (told,) = await written(desk, "participant_registered")
    assert "introduction" in told.says
    words = " ".join((await text(desk, "participant_registered")).split())
    assert "en opgave i samfundets interesse" in words
    assert "klage til Datatilsynet" in words


async def test_what_a_version_before_wrote_counts_by_its_words(desk: Room) -> None:
    second, third = (MeetingScheduled(**WHOLE, meeting=facts.a_meeting(key, when=facts.DAY)) for key in ("2", "3"))  # type: ignore[arg-type] # a bag of fields
    registered = EXAMPLES["ParticipantRegistered"]
    again = [registered.model_copy(update={"meeting": one.meeting}) for one in (second, third)]
    await desk.hear(dated(), second, third, registered)
    await desk.pool.execute("UPDATE messages SET introduces = NULL")
    await desk.hear(again[0])
    await desk.pool.execute("UPDATE messages SET introduces = NULL, says = says - 'introduction'")
    await desk.hear(again[1])
    assert ["introduction" in one.says for one in await written(desk, "participant_registered")] == [False, False, True]


async def test_who_came_without_being_registered_is_told_so_once_and_only_if_they_do_not_know(desk: Room) -> None:
    walked_in = EXAMPLES["ParticipantRegistered"].model_copy(update={"walked_in": True, "seat_path": None})
    later = walked_in.model_copy(update={"meeting": facts.a_meeting("2", when=facts.DAY)})
    for fact in (walked_in, walked_in, later):
        await desk.hear(fact)
    assert [(one.template, one.recipient) for one in await written(desk)] == [("walked_in", PERSON.person_id)]
    words = await text(desk, "walked_in")
    assert "uden at være tilmeldt på forhånd" in " ".join(words.split())
    assert "JERES OPLYSNINGER" in words


async def test_whom_staff_move_to_another_group_gets_one_letter_and_again_when_moved_back(desk: Room) -> None:
    moved = EXAMPLES["EnrolmentRegrouped"].model_copy(update={"group_title": "Vestdanmark"})
    back = moved.model_copy(update={"previous_group": "vest", "group": "oest", "group_title": "Østdanmark"})
    await desk.hear(facts.an_enrolment(standing_path="/plads/x"))
    for fact in (moved, back):
        await desk.hear(fact)
        desk.time += timedelta(hours=1)
    subjects = [COMPOSER.texts(one).subject for one in await written(desk, "regrouped")]
    assert [one.partition(":")[0] for one in subjects] == [
        "Københavns Kommune hører nu til Vestdanmark",
        "Københavns Kommune hører nu til Østdanmark",
    ]
    assert "https://tovholder.example/plads/x" in COMPOSER.texts((await written(desk, "regrouped"))[0]).plain


async def test_a_form_that_comes_to_nothing_is_told_whoever_the_fact_names_and_nobody_else(desk: Room) -> None:
    ended = EXAMPLES["SignUpEnded"]
    mailbox = Mailbox(role="hovedpostkasse", email="post@kk.example")
    told = (
        ended,
        ended.model_copy(update={"sign_up_id": "2", "contact": None}),
        ended.model_copy(update={"sign_up_id": "3", "contact": None, "to": mailbox, "because": "called_off"}),
    )
    for fact in (*told, *told):
        await desk.hear(fact)
    assert await templates(desk) == [("sign_up_ended", CONTACT.email), ("sign_up_ended", "post@kk.example")]


async def test_whoever_a_colleague_put_in_is_told_once_what_is_done_with_their_data(desk: Room) -> None:
    """In the first mail to them, whatever it is about, and in no other; who signed up by themselves knows."""
    second = MeetingScheduled(**WHOLE, meeting=facts.a_meeting("2", when=facts.DAY))  # type: ignore[arg-type] # a bag of fields
    await desk.hear(dated(), second, facts.an_enrolment())
    registered = EXAMPLES["ParticipantRegistered"]
    later = registered.model_copy(update={"meeting": facts.a_meeting("2", when=facts.DAY)})
    themselves = later.model_copy(update={"person": CONTACT})
    await desk.hear(registered, later, themselves)
    told = [(one.recipient, "introduction" in one.says) for one in await written(desk, "participant_registered")]
    assert sorted(told) == sorted([(PERSON.person_id, True), (PERSON.person_id, False), (CONTACT.person_id, False)])
    eva = facts.CONTACT.model_copy(update={"person_id": "p-eva", "email": "eva@kobenhavn.example"})
    await desk.hear(EXAMPLES["TovholderAppointed"].model_copy(update={"contact": eva}))
    (appointed,) = await written(desk, "contact_appointed")
    assert "JERES OPLYSNINGER" in await text(desk, "contact_appointed")
    assert appointed.recipient == "p-eva"
