"""Roles beside the contact's: both holders are told, and letters go to whoever has the role by its purpose."""

from __future__ import annotations

from typing import Any

from services.notifications.adapters.writings import load_roles
from shared.contracts.enrollment import BillingLink, PersonErased, RoleAppointed
from shared.contracts.invoicing import DocumentLink
from shared.contracts.parties import Person
from shared.storage.tx import transaction
from tests.support import facts
from tests.support.facts import CONTACT, OWNER, PROGRAMME, a_secretary, an_enrolment
from tests.support.letters import templates, text, written
from tests.support.room import BY_HAND, Room

EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
BO = Person(person_id="p-bo", name="Bo Bilag", email="bo@kobenhavn.example")
EVA = Person(person_id="p-eva", name="Eva Efter", email="eva@kobenhavn.example")
WITHOUT_MAILBOX = facts.INVOICE.model_copy(update={"billing": facts.INVOICE.billing.model_copy(update={"email": None})})


def appointed(person: Person | None, before: Person | None = None, **more: Any) -> RoleAppointed:
    about = an_enrolment()
    billing = {"role_id": "faktura", "label": "fakturakontakt", "purpose": "billing"}
    return RoleAppointed(
        owner=OWNER,
        programme=PROGRAMME,
        enrolment_id=about.enrolment_id,
        person=person,
        before=before,
        **{"organisation": about.organisation, **billing, **more},
    )


async def asked_for_money(desk: Room) -> dict[str, list[str]]:
    """Hears of everything that is about invoices; whom each letter went to."""
    await desk.hear(EXAMPLES["BillingReminderDue"])
    for name in ("InvoiceIssued", "InvoiceOverdue", "CreditNoteIssued"):
        await desk.hear(EXAMPLES[name].model_copy(update={"invoice": WITHOUT_MAILBOX}))
    about = ("billing_awaited", "invoice", "payment_reminder", "credit_note")
    return {one: [letter.email for letter in await written(desk, one)] for one in about}


def only(address: str) -> dict[str, list[str]]:
    return {one: [address] for one in ("billing_awaited", "invoice", "payment_reminder", "credit_note")}


async def test_both_are_told_once_and_the_former_one_without_the_name_of_the_new_one(desk: Room) -> None:
    await desk.hear(an_enrolment(), appointed(BO))
    for _ in range(2):
        await desk.hear(appointed(EVA, BO, reason="Nyt job."))
    said = [one for one in await templates(desk) if one[0].startswith("role_")]
    assert sorted(said) == [("role_appointed", BO.email), ("role_appointed", EVA.email), ("role_left", BO.email)]
    assert "Nyt job." in await text(desk, "role_left")
    assert EVA.name not in await text(desk, "role_left")
    assert "har fået jeres navn" in await text_to(desk, EVA)


async def text_to(desk: Room, person: Person) -> str:
    (only,) = [one for one in await written(desk, "role_appointed") if one.email == person.email]
    return str(only.says)


async def test_whoever_has_the_billing_role_is_asked_for_money_instead_of_the_contact_and_without_its_link(
    desk: Room,
) -> None:
    await desk.hear(an_enrolment(), appointed(BO), appointed(EVA, BO))
    assert await asked_for_money(desk) == only(EVA.email)
    assert "/plads/" not in await text(desk, "billing_awaited")


async def test_whoever_has_the_billing_role_gives_what_is_missing_by_the_link_that_is_theirs(desk: Room) -> None:
    theirs = (BillingLink(person_id=BO.person_id, path="/fakturaoplysninger/bo"),)
    asked = EXAMPLES["BillingReminderDue"].model_copy(update={"billing_links": theirs})
    await desk.hear(an_enrolment(), appointed(BO), asked)
    assert "/fakturaoplysninger/bo" in await text(desk, "billing_awaited")
    assert "/plads/" not in await text(desk, "billing_awaited")
    await desk.hear(appointed(EVA, BO), asked.model_copy(update={"days": 7}))
    paths = {one.email: (one.says["standing"], one.says["path"]) for one in await written(desk, "billing_awaited")}
    assert paths == {BO.email: (None, "/fakturaoplysninger/bo"), EVA.email: (None, None)}


async def test_each_reads_of_a_document_by_the_link_that_is_theirs_and_nobody_by_another_s(desk: Room) -> None:
    theirs = tuple([DocumentLink(person_id=one.person_id, path=f"/f/{one.person_id}") for one in (CONTACT, BO)])
    told = [
        EXAMPLES[name].model_copy(update={"invoice": WITHOUT_MAILBOX, "document_links": theirs})
        for name in ("InvoiceIssued", "InvoiceOverdue", "CreditNoteIssued")
    ]
    mailbox = facts.INVOICE.billing.model_copy(update={"email": "faktura@kobenhavn.example"})
    at_a_mailbox = told[0].model_copy(
        update={"invoice_id": "N-2", "invoice": WITHOUT_MAILBOX.model_copy(update={"billing": mailbox, "number": 2})}
    )
    await desk.hear(an_enrolment(), *told[:1], at_a_mailbox, appointed(BO), *told[1:])
    await desk.hear(appointed(EVA, BO), told[1].model_copy(update={"level": 2}))
    assert [(one.email, one.says["path"]) for one in await about_documents(desk)] == [
        (CONTACT.email, f"/f/{CONTACT.person_id}"),
        ("faktura@kobenhavn.example", told[0].document_path),
        (BO.email, f"/f/{BO.person_id}"),
        (EVA.email, None),
        (BO.email, f"/f/{BO.person_id}"),
    ]


async def about_documents(desk: Room) -> list[Any]:
    about = ("invoice", "payment_reminder", "credit_note")
    return [one for template in about for one in await written(desk, template)]


async def test_where_nobody_has_it_any_more_the_contact_is_asked_with_its_link(desk: Room) -> None:
    await desk.hear(an_enrolment(), appointed(BO))
    await desk.hear(appointed(None, BO))
    assert await asked_for_money(desk) == only(CONTACT.email)
    assert "/plads/" in await text(desk, "billing_awaited")
    assert "ikke længere nogen fakturakontakt" in await text(desk, "role_left")


async def test_whoever_was_erased_is_not_asked_and_the_contact_is(desk: Room) -> None:
    await desk.hear(an_enrolment(), appointed(BO))
    await desk.hear(PersonErased(owner=OWNER, person_id=BO.person_id))
    while await desk.ring():
        pass
    assert await asked_for_money(desk) == only(CONTACT.email)
    row = await desk.pool.fetchrow("SELECT name, email, address_key FROM role_holders")
    assert row is not None
    assert BO.email not in tuple(row)


async def test_the_political_contact_reads_of_the_forbehold_beside_the_contact_who_alone_has_the_link(
    desk: Room,
) -> None:
    political = {"role_id": "politisk", "label": "politisk kontakt", "purpose": "political"}
    await desk.hear(an_enrolment(), appointed(BO, **political))
    await desk.hear(EXAMPLES["ReservationReminderDue"])
    await desk.hear(EXAMPLES["ReservationResolved"], EXAMPLES["EnrolmentLapsed"])
    for name in ("forbehold_awaited", "forbehold_answered", "lapsed"):
        assert sorted(one.email for one in await written(desk, name)) == sorted((BO.email, CONTACT.email)), name
    links = {one.email: one.says["standing"] for one in await written(desk, "forbehold_awaited")}
    assert (links[BO.email], bool(links[CONTACT.email])) == (None, True)


async def test_of_an_import_nobody_is_told_and_of_another_one_s_enrolment_nobody_is_written_to(desk: Room) -> None:
    elsewhere = an_enrolment().organisation.model_copy(update={"code": "0751"})
    await desk.hear(an_enrolment(), appointed(BO, quiet=True))
    assert await written(desk, "role_appointed") == []
    await desk.hear(appointed(EVA, role_id="anden", organisation=elsewhere, quiet=True))
    assert (await asked_for_money(desk))["billing_awaited"] == [BO.email]


async def test_a_secretary_gets_a_link_of_their_own_and_the_contact_is_told_by_whom_it_was_given(desk: Room) -> None:
    contacts = "/plads/kontaktens-egen"
    given = a_secretary(by_staff=True)
    await desk.hear(an_enrolment(standing_path=contacts))
    for _ in range(2):
        await desk.hear(given)
    (to_secretary,) = await written(desk, "secretary_appointed")
    assert given.person is not None
    assert to_secretary.email == given.person.email
    assert str(given.standing_path) in str(to_secretary.says)
    assert contacts not in str(to_secretary.says)
    (to_contact,) = await written(desk, "access_given")
    assert to_contact.email == CONTACT.email
    assert str(given.standing_path) not in str(to_contact.says)
    said = " ".join((await text(desk, "access_given")).split())
    assert contacts in said
    assert "os hos arrangøren" in said
    await desk.hear(a_secretary(person=None, before=given.person, standing_path=None))
    (left,) = await written(desk, "secretary_left")
    assert left.email == given.person.email
    assert "/plads/" not in str(left.says)
    assert await written(desk, "role_appointed") == []
    assert await written(desk, "role_left") == []


async def test_a_secretary_is_nobody_whom_staff_write_to_by_their_role(desk: Room) -> None:
    await desk.hear(an_enrolment(), a_secretary(), appointed(BO))
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        assert await load_roles(tx, PROGRAMME.id) == [("faktura", "fakturakontakt")]
