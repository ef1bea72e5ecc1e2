"""The link in a mail about an invoice: its PDF for whoever has it, and nothing else for anybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.invoicing.adapters import documents
from services.invoicing.adapters.links import DOCUMENT_DAYS
from services.invoicing.usecases.credit_invoice import credit_invoice
from shared.contracts.enrollment import PersonErased, RoleAppointed, TovholderAppointed
from shared.contracts.invoicing import (
    CreditInvoice,
    CreditNoteIssued,
    InvoiceFact,
    InvoiceIssued,
    InvoiceOverdue,
    LineToCredit,
)
from shared.contracts.parties import Contact, Person
from shared.contracts.programme import FeeTerm
from tests.support.facts import BILLING, CONTACT, FEE, LINE, OWNER, a_person, a_role, an_appointment, an_enrolment
from tests.support.invoicing_web import CountingHouse

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
OVERDUE = datetime(2020, 10, 2, 6, tzinfo=UTC)


async def told(house: CountingHouse) -> tuple[InvoiceIssued, InvoiceOverdue, CreditNoteIssued]:
    books = house.books
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.ring(OVERDUE)
    await books.ask(credit_invoice, CreditInvoice(invoice_id="N-1", credit_id="k-1", reason="Aftalt."))
    issued, overdue, credited = await books.told()
    assert isinstance(issued, InvoiceIssued)
    assert isinstance(overdue, InvoiceOverdue)
    assert isinstance(credited, CreditNoteIssued)
    return issued, overdue, credited


async def test_it_ends_three_years_after_the_document_was_issued(counting_house: CountingHouse) -> None:
    issued, _, _ = await told(counting_house)
    for days, status in ((1, 200), (2, 404)):
        counting_house.books.time = FEES_FALL_DUE + timedelta(days=DOCUMENT_DAYS + days - 1)
        await counting_house.move_clock()
        answer = await counting_house.client.get(issued.document_path or "")
        assert (answer.status_code, "Linket virker ikke" in answer.text) == (status, status == 404)


async def test_it_shows_the_pdf_of_that_document_for_years(counting_house: CountingHouse) -> None:
    issued, overdue, credited = await told(counting_house)
    counting_house.books.time += timedelta(days=2 * 365)
    await counting_house.move_clock()
    for path, document in ((issued.document_path, issued.invoice), (credited.document_path, credited)):
        answer = await counting_house.client.get(path or "")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content == documents.as_files(document)["pdf"]
        assert answer.headers["content-disposition"] == f"inline; filename*=UTF-8''{document.id}.pdf"
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "strict-origin")
        assert b"/invoicing/faktura/" not in documents.as_files(document)["json"]
    assert overdue.document_path == issued.document_path


async def test_one_that_was_cut_or_is_for_something_else_says_so_and_shows_nothing(
    counting_house: CountingHouse,
) -> None:
    issued, _, _ = await told(counting_house)
    path = issued.document_path or ""
    staff = (await counting_house.page_of("N-1")).rpartition("/")[2]
    for other in (path[:-1], f"/invoicing/faktura/{staff}", "/invoicing/faktura/N-1"):
        answer = await counting_house.client.get(other)
        assert answer.status_code == 404
        assert "Linket virker ikke" in answer.text
        assert "Københavns Kommune" not in answer.text
    as_staff = f"/invoicing/fakturaer/{path.rpartition('/')[2]}"
    assert (await counting_house.client.get(as_staff)).status_code == 404


async def test_the_mails_say_how_to_pay_as_the_invoice_does(counting_house: CountingHouse) -> None:
    issued, overdue, _ = await told(counting_house)
    rows = (("Reg.nr.", "0216"), ("Kontonr.", "4069031234"), ("Mærk betalingen", "N-1"))
    assert issued.how_to_pay == overdue.how_to_pay == rows


NEW = Contact(**a_person("Eva Ny", "eva@kobenhavn.example").model_dump(), role="kontaktperson")
BO = a_person("Bo Prøvesen", "bo@kobenhavn.example")
ANOTHER_FEE = FEE.model_copy(update={"id": "aar-2", "invoice_on": date(2020, 10, 1)})
PART = (LineToCredit(claim_id=LINE.claim_id, net_ore=50_000),)


def holding(person: Person | None, **more: Any) -> RoleAppointed:
    return a_role(person=person, **more)


def appointing(contact: Contact) -> TovholderAppointed:
    return an_appointment(contact=contact)


def links_of(fact: InvoiceFact) -> dict[str, str]:
    assert isinstance(fact, InvoiceIssued | InvoiceOverdue | CreditNoteIssued)
    return {one.person_id: one.path for one in fact.document_links}


async def opens(house: CountingHouse, path: str) -> bool:
    """Else it is closed, and says whom to ask, and nothing of who it is now."""
    page = await house.client.get(path)
    if page.status_code == 200:
        return page.headers["content-type"] == "application/pdf"
    assert page.status_code == 410
    assert "Linket er lukket" in page.text
    assert "moeder@forening.example" in page.text
    assert not any(name in page.text for name in (NEW.name, BO.name, CONTACT.name, NEW.email, BO.email))
    return False


async def test_whoever_was_the_contact_opens_nothing_of_it_any_more_and_the_new_one_reads_what_comes(
    counting_house: CountingHouse,
) -> None:
    books = counting_house.books
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    (issued,) = await books.told()
    assert list(links_of(issued)) == [CONTACT.person_id]
    of_invoice = links_of(issued)[CONTACT.person_id]
    await books.ask(credit_invoice, CreditInvoice(invoice_id="N-1", credit_id="k-1", reason="Aftalt.", lines=PART))
    (credited,) = await books.told()
    of_note = links_of(credited)[CONTACT.person_id]
    assert of_note != of_invoice
    await counting_house.move_clock()
    assert [await opens(counting_house, path) for path in (of_invoice, of_note)] == [True, True]

    books.time += timedelta(days=1)
    await books.hear(appointing(NEW))
    assert [await opens(counting_house, path) for path in (of_invoice, of_note)] == [False, False]
    await books.ring(OVERDUE)
    (overdue,) = await books.told()
    await counting_house.move_clock()
    assert list(links_of(overdue)) == [NEW.person_id]
    assert await opens(counting_house, links_of(overdue)[NEW.person_id])
    await books.hear(appointing(CONTACT))
    assert await opens(counting_house, of_invoice)


async def test_whoever_holds_the_billing_role_opens_it_until_the_role_is_another_s_or_nobody_s(
    counting_house: CountingHouse,
) -> None:
    books = counting_house.books
    await books.hear(an_enrolment(), holding(BO))
    await books.ring(FEES_FALL_DUE)
    (issued,) = await books.told()
    await counting_house.move_clock()
    assert list(links_of(issued)) == [CONTACT.person_id, BO.person_id]
    mine = links_of(issued)[BO.person_id]
    assert await opens(counting_house, mine)
    for ended in (holding(NEW), holding(None), holding(BO, purpose="political"), holding(BO, purpose="")):
        await books.hear(ended)
        assert not await opens(counting_house, mine)
        assert await opens(counting_house, links_of(issued)[CONTACT.person_id])
        await books.hear(holding(BO))
        assert await opens(counting_house, mine)
    await books.hear(holding(BO), holding(None))
    assert not await opens(counting_house, mine)
    await books.hear(appointing(NEW), holding(Person(**CONTACT.model_dump(exclude={"role"}))))
    assert await opens(counting_house, links_of(issued)[CONTACT.person_id])


@pytest.mark.parametrize("fees", [(ANOTHER_FEE,), (FEE,)], ids=["with another fee", "with one that is invoiced"])
async def test_an_enrolment_that_comes_again_is_its_new_contact_s(
    counting_house: CountingHouse, fees: tuple[FeeTerm, ...]
) -> None:
    books = counting_house.books
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    (issued,) = await books.told()
    books.time += timedelta(days=1)
    await books.hear(appointing(NEW))
    books.time += timedelta(days=1)
    await books.hear(an_enrolment(contact=Contact(**BO.model_dump(), role="kontaktperson"), fees=fees))
    await counting_house.move_clock()
    assert not await opens(counting_house, links_of(issued)[CONTACT.person_id])
    await books.ring(books.time + timedelta(days=60))
    told_since = [one for one in await books.told() if isinstance(one, InvoiceIssued | InvoiceOverdue)]
    assert {tuple(links_of(one)) for one in told_since} == {(BO.person_id,)}


async def test_whoever_is_erased_opens_nothing_any_more(counting_house: CountingHouse) -> None:
    books = counting_house.books
    await books.hear(an_enrolment(), holding(BO))
    await books.ring(FEES_FALL_DUE)
    (issued,) = await books.told()
    await counting_house.move_clock()
    await books.hear(PersonErased(owner=OWNER, person_id=BO.person_id))
    await books.ring()
    assert not await opens(counting_house, links_of(issued)[BO.person_id])
    assert await opens(counting_house, links_of(issued)[CONTACT.person_id])


async def test_what_was_mailed_to_a_mailbox_or_by_the_version_before_stays(counting_house: CountingHouse) -> None:
    books = counting_house.books
    await books.hear(an_enrolment(billing=BILLING.model_copy(update={"email": "faktura@kobenhavn.example"})))
    await books.ring(FEES_FALL_DUE)
    (issued,) = await books.told()
    assert isinstance(issued, InvoiceIssued)
    assert issued.document_links == ()
    await books.hear(appointing(NEW))
    await counting_house.move_clock()
    assert await opens(counting_house, issued.document_path or "")


async def test_a_role_without_a_person_s_id_cannot_be_stored(counting_house: CountingHouse) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await counting_house.books.pool.execute("INSERT INTO billing_holders VALUES ('e', 'faktura', '')")
