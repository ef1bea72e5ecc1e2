"""Another contact: both are told, and whatever is still to come goes to the new one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.enrollment import ProgrammePublished, TovholderAppointed
from shared.contracts.parties import Contact
from shared.contracts.scheduling import MeetingScheduled
from tests.support import facts
from tests.support.facts import CONTACT, MEETINGS_OWNER, OWNER, PROGRAMME, PROGRAMME_TERMS, a_meeting, an_enrolment
from tests.support.letters import contents, text, written
from tests.support.room import Room

EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
NEW = Contact(person_id="p-eva", name="Eva Ny", email="eva@kobenhavn.example", role=CONTACT.role)
TITLE = "1. heldagsmøde – Netværk om den kommunale ungeindsats"


def handed_over(contact: Contact = NEW, **more: Any) -> TovholderAppointed:
    about = an_enrolment()
    return TovholderAppointed(
        owner=OWNER,
        programme=PROGRAMME,
        enrolment_id=about.enrolment_id,
        organisation=about.organisation,
        contact=contact,
        **{"former": CONTACT, "participants_path": "/deltagere/ny", "standing_path": "/plads/ny", **more},
    )


def dated(*, roles: tuple[str, ...] = (), key: str = "oest-1") -> MeetingScheduled:
    meeting = a_meeting(key, roles=roles)
    return MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting)


async def test_each_of_the_two_is_told_once_and_the_new_one_with_links_of_its_own(desk: Room) -> None:
    await desk.hear(an_enrolment())
    for _ in range(2):
        await desk.hear(handed_over())
    (left,) = await written(desk, "contact_left")
    (new,) = await written(desk, "contact_appointed")
    assert (left.email, new.email) == (CONTACT.email, NEW.email)
    assert "/deltagere/ny" in await text(desk, "contact_appointed")
    assert "/plads/ny" in await text(desk, "contact_appointed")
    assert "/deltagere/eksempel" not in await text(desk, "contact_appointed")
    assert NEW.name not in await text(desk, "contact_left")
    assert "/deltagere/" not in await text(desk, "contact_left")
    assert "/plads/" not in await text(desk, "contact_left")


async def test_every_letter_leads_its_contact_to_the_page_that_is_theirs(desk: Room) -> None:
    extra, removed = EXAMPLES["ExtraParticipantAdded"], EXAMPLES["ExtraParticipantRemoved"]
    await desk.hear(an_enrolment(standing_path="/plads/gammel"), extra)
    assert "https://tovholder.example/plads/gammel" in await text(desk, "extra_participant")
    await desk.hear(handed_over())
    assert "/plads/" not in await text(desk, "contact_left")
    await desk.hear(removed.model_copy(update={"contact": NEW}))
    assert "https://tovholder.example/plads/ny" in await text(desk, "extra_participant_removed")
    assert "gammel" not in await text(desk, "extra_participant_removed")
    # A holder of a role opens nothing, nor does whoever was the contact.
    await desk.hear(EXAMPLES["RoleAppointed"], EXAMPLES["OptionDelivered"])
    for template in ("role_appointed", "option_delivered"):
        assert "/plads/ny" not in await text(desk, template)


async def test_where_a_version_before_has_followed_the_enrolment_nobody_is_led_to_the_former_ones_page(
    desk: Room,
) -> None:
    await desk.hear(an_enrolment(standing_path="/plads/gammel"))
    await desk.pool.execute(
        "UPDATE enrolments SET since = since + interval '1 hour', participants_path = '/deltagere/ny'"
    )
    await desk.hear(EXAMPLES["ExtraParticipantAdded"])
    assert "/plads/gammel" not in await text(desk, "extra_participant")
    assert "https://tovholder.example/deltagere/ny" in await text(desk, "extra_participant")


async def test_meetings_of_the_role_leave_one_calendar_for_the_other(desk: Room) -> None:
    await desk.hear(an_enrolment(), dated(roles=(CONTACT.role,)))
    assert await contents(desk) == {CONTACT.email: [TITLE]}
    desk.time += timedelta(days=1)
    await desk.hear(handed_over())
    assert await contents(desk) == {CONTACT.email: [], NEW.email: [TITLE]}


async def test_the_reminder_that_waits_reaches_the_new_one_and_leads_where_that_one_may_go(desk: Room) -> None:
    await desk.hear(ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS), an_enrolment(), dated())
    await desk.hear(handed_over())
    await desk.ring(datetime(2021, 4, 8, 12, tzinfo=UTC))
    (reminder,) = await written(desk, "nobody_registered")
    assert reminder.email == NEW.email
    assert "/deltagere/ny" in await text(desk, "nobody_registered")


async def test_what_is_still_owed_of_an_invoice_of_before_is_asked_of_the_new_one_and_given_back_to_it(
    desk: Room,
) -> None:
    without = facts.INVOICE.billing.model_copy(update={"email": None})
    invoice = facts.INVOICE.model_copy(update={"billing": without})
    await desk.hear(an_enrolment(), handed_over())
    await desk.hear(EXAMPLES["InvoiceOverdue"].model_copy(update={"invoice": invoice}))
    await desk.hear(EXAMPLES["CreditNoteIssued"].model_copy(update={"invoice": invoice}))
    for template in ("payment_reminder", "credit_note"):
        assert [one.email for one in await written(desk, template)] == [NEW.email]


async def test_an_invoice_of_somebody_else_s_enrolment_with_that_id_stays_that_one_s(desk: Room) -> None:
    other = facts.INVOICE.model_copy(update={"programme": facts.a_programme("et-andet")})
    await desk.hear(an_enrolment(), handed_over())
    await desk.hear(EXAMPLES["InvoiceOverdue"].model_copy(update={"invoice": other}))
    assert [one.email for one in await written(desk, "payment_reminder")] == [CONTACT.email]


async def test_a_system_that_says_neither_former_nor_links_is_understood_as_before(desk: Room) -> None:
    await desk.hear(an_enrolment())
    await desk.hear(handed_over(former=None, participants_path=None, standing_path=None))
    assert "/deltagere/eksempel" in await text(desk, "contact_appointed")
    assert [one.email for one in await written(desk, "contact_left")] == [CONTACT.email]


async def test_another_spelling_of_the_same_person_is_mailed_to_nobody(desk: Room) -> None:
    await desk.hear(an_enrolment())
    await desk.hear(handed_over(CONTACT.model_copy(update={"name": "Asta E. Eksempelsen"}), former=None))
    assert await written(desk, "contact_appointed") == []
    assert await written(desk, "contact_left") == []
