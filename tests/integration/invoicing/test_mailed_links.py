"""The link in a mail about an invoice: its PDF for whoever has it, and nothing else for anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.invoicing.adapters import documents
from services.invoicing.adapters.links import DOCUMENT_DAYS
from services.invoicing.usecases.credit_invoice import credit_invoice
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued, InvoiceIssued, InvoiceOverdue
from tests.support.facts import an_enrolment
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
