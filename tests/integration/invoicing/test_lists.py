"""Lists of claims, invoices and credit notes, a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.forget_people import FORGETTING
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.read_credit_notes import read_credit_notes, read_credit_notes_of_invoice
from services.invoicing.usecases.read_invoices import read_invoices
from shared.contracts.invoicing import CreditInvoice, LineToCredit
from tests.support.facts import ORGANISATION, a_person, an_enrolment, an_extra_participant, an_organisation
from tests.support.paging import same_on_pages
from tests.support.room import Room

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)


async def test_claims_invoices_and_credit_notes_come_in_pages(books: Room) -> None:
    for number in (3, 1, 2, 4):
        town = an_organisation(f"{number:04}")
        await books.hear(an_enrolment(enrolment_id=f"e{number}", organisation=town))
        await books.hear(
            an_extra_participant(
                enrolment_id=f"e{number}", organisation=town, person=a_person(email=f"p{number}@by.example")
            )
        )
    await books.ring(FEES_FALL_DUE)
    assert await same_on_pages(books, read_claims, "claims") == 8
    assert await same_on_pages(books, read_claims, "claims", state="waiting") == 4
    assert await same_on_pages(books, read_claims, "claims", programme_id="nothing") == 0
    assert await same_on_pages(books, read_invoices, "invoices") == 4
    assert await same_on_pages(books, read_invoices, "invoices", enrolment_id="e1") == 1
    claims = (await books.read(read_claims, state="invoiced"))["claims"]
    for number in range(3):
        lines = (LineToCredit(claim_id=claims[0]["id"], net_ore=1000 * (number + 1)),)
        await books.ask(
            credit_invoice,
            CreditInvoice(invoice_id=claims[0]["invoice_id"], credit_id=f"c{number}", reason="Fejl", lines=lines),
        )
    assert await same_on_pages(books, read_credit_notes, "credit_notes") == 3
    about = {"invoice_id": claims[0]["invoice_id"]}
    assert await same_on_pages(books, read_credit_notes_of_invoice, "credit_notes", **about) == 3


async def test_what_stays_of_a_person_is_what_was_issued_about_them_and_nothing_is_said_of_others(books: Room) -> None:
    person, other = a_person(email="bo@by.example"), a_person(email="eva@by.example")
    for number, one in enumerate((person, other)):
        await books.hear(an_extra_participant(enrolment_id=f"e{number}", organisation=ORGANISATION, person=one))
    assert (await books.read(FORGETTING.read, person_id=person.person_id))["stays"] == [], "nothing was issued yet"
    await books.pool.execute(
        "UPDATE claims SET state = 'invoiced', due_at = NULL, invoice_id = 'N-1' WHERE item = $1", person.person_id
    )
    (said,) = (await books.read(FORGETTING.read, person_id=person.person_id))["stays"]
    assert said.startswith("Én faktura, ")
    assert (await books.read(FORGETTING.read, person_id=other.person_id))["stays"] == []
