"""An enrolment's contact reads its invoices and credit notes, where they stand, and has the files that it may have."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from services.invoicing.adapters import documents
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.register_payment import register_payment
from shared.base.passes import Reader, pass_path
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.contracts.invoicing import CreditInvoice, InvoiceIssued, RegisterPayment
from shared.contracts.parties import Contact
from tests.support.facts import BILLING, CONTACT, a_person, an_appointment, an_enrolment, an_organisation
from tests.support.invoicing_web import CountingHouse

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
OVERDUE = datetime(2020, 10, 2, 6, tzinfo=UTC)
ENROLMENT = an_enrolment().enrolment_id
THEIRS = Reader("contact", ENROLMENT, CONTACT.person_id)
NEW = Contact(**a_person("Eva Ny", "eva@kobenhavn.example").model_dump(), role="kontaktperson")
ROW = re.compile(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", re.DOTALL)


def path_of(house: CountingHouse, reader: Reader = THEIRS) -> str:
    return pass_path(house.books.links, "invoices", reader, house.books.time)


async def read(house: CountingHouse, reader: Reader = THEIRS) -> httpx.Response:
    await house.move_clock()
    return await house.client.get(path_of(house, reader))


def rows(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in ROW.findall(answer.text)]


async def issued(house: CountingHouse, fact: MunicipalityEnrolled | None = None) -> InvoiceIssued:
    await house.books.hear(fact or an_enrolment())
    await house.books.ring(FEES_FALL_DUE)
    (told,) = await house.books.told()
    assert isinstance(told, InvoiceIssued)
    return told


async def test_they_say_how_each_stands_as_it_is_paid_falls_due_and_is_credited(counting_house: CountingHouse) -> None:
    books = counting_house.books
    empty = await read(counting_house)
    assert "I har ikke fået nogen faktura endnu." in empty.text
    await issued(counting_house)
    (row,) = rows(await read(counting_house))
    assert row.startswith("Faktura N-1 1. september 2020 24.375,00 kr. Ikke betalt endnu, betales senest ")
    await books.ring(OVERDUE)
    (row,) = rows(await read(counting_house))
    assert "Forfalden, betales senest" in row
    await books.ask(
        register_payment,
        RegisterPayment(invoice_id="N-1", payment_id="b-1", amount_ore=2_437_500, paid_on=OVERDUE.date()),
    )
    (row,) = rows(await read(counting_house))
    assert "24.375,00 kr. Betalt" in row
    await books.ask(credit_invoice, CreditInvoice(invoice_id="N-1", credit_id="k-1", reason="Aftalt."))
    invoice, note = rows(await read(counting_house))
    assert "Krediteret, og betalt for meget, 24.375,00 kr. til gode" in invoice
    assert note.startswith("Kreditnota N-2 2. oktober 2020 -24.375,00 kr. Krediterer faktura N-1")


async def test_the_files_are_those_that_were_issued_and_of_no_other_enrolment(counting_house: CountingHouse) -> None:
    told = await issued(counting_house)
    other = an_enrolment(enrolment_id="another", organisation=an_organisation("0751", "Aarhus Kommune"))
    await counting_house.books.hear(other)
    await counting_house.books.ring(FEES_FALL_DUE + timedelta(days=1))
    await read(counting_house)
    path = path_of(counting_house)
    for suffix, kind in (("pdf", "application/pdf"), ("xml", "application/xml")):
        answer = await counting_house.client.get(f"{path}/N-1.{suffix}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.content == documents.as_files(told.invoice)[suffix]
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "strict-origin")
    assert len(rows(await read(counting_house))) == 1
    for document in ("N-2.pdf", "N-1.json", "N-1.exe", "N-99.pdf"):
        closed = await counting_house.client.get(f"{path}/{document}")
        assert (closed.status_code, "Linket virker ikke" in closed.text) == (404, True), document


async def test_what_another_pays_is_named_with_who_has_it_and_its_files_are_not_the_contacts(
    counting_house: CountingHouse,
) -> None:
    unit = BILLING.model_copy(update={"email": "faktura@forvaltning.example", "unit_name": "Ungeforvaltningen"})
    await issued(counting_house, an_enrolment(billing=unit))
    (row,) = rows(await read(counting_house))
    assert row.endswith("Sendt til Ungeforvaltningen, som har den")
    assert (await counting_house.client.get(f"{path_of(counting_house)}/N-1.pdf")).status_code == 404


async def test_whoever_was_the_contact_reads_nothing_of_them_any_more(counting_house: CountingHouse) -> None:
    await issued(counting_house)
    assert len(rows(await read(counting_house))) == 1
    counting_house.books.time += timedelta(days=1)
    await counting_house.books.hear(an_appointment(contact=NEW))
    assert (await read(counting_house)).status_code == 404
    assert (await counting_house.client.get(f"{path_of(counting_house)}/N-1.pdf")).status_code == 404
    assert len(rows(await read(counting_house, Reader("contact", ENROLMENT, NEW.person_id)))) == 1


async def test_the_way_to_them_is_good_for_twelve_hours_and_a_contacts_alone(counting_house: CountingHouse) -> None:
    await issued(counting_house)
    await counting_house.move_clock()
    path = path_of(counting_house)
    assert (await counting_house.client.get(path)).status_code == 200
    other = path_of(counting_house, Reader("participant", ENROLMENT, CONTACT.person_id))
    of_calendar = pass_path(counting_house.books.links, "calendar", THEIRS, counting_house.books.time)
    for wrong in (other, f"/invoicing/jeres-fakturaer/{of_calendar.rpartition('/')[2]}", path[:-2]):
        assert (await counting_house.client.get(wrong)).status_code == 404
    counting_house.books.time += timedelta(hours=13)
    await counting_house.move_clock()
    late = await counting_house.client.get(path)
    assert (late.status_code, "tolv timer" in late.text) == (404, True)


@pytest.mark.parametrize("part", [True, False], ids=["part", "page"])
async def test_another_page_shows_a_part_of_it_and_without_scripts_it_is_a_page(
    counting_house: CountingHouse, *, part: bool
) -> None:
    await issued(counting_house)
    await counting_house.move_clock()
    headers = {"HX-Request": "true"} if part else {}
    answer = await counting_house.client.get(path_of(counting_house), headers=headers)
    assert (answer.text.count("<h1>"), "<html" in answer.text) == ((0, False) if part else (1, True))
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "strict-origin")


async def test_very_many_come_page_by_page(counting_house: CountingHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.invoicing.usecases.read_own_invoices.ON_A_PAGE", 1)
    first = an_enrolment()
    fees = (first.fees[0], first.fees[0].model_copy(update={"id": "aar-2", "invoice_on": OVERDUE.date()}))
    await counting_house.books.hear(an_enrolment(fees=fees))
    await counting_house.books.ring(FEES_FALL_DUE)
    await counting_house.books.ring(OVERDUE + timedelta(hours=6))
    page = await read(counting_house)
    assert [row[:11] for row in rows(page)] == ["Faktura N-1"]
    (following,) = re.findall(r'href="([^"]+\?fra=[^"]+)"', page.text)
    assert [row[:11] for row in rows(await counting_house.client.get(unescape(following)))] == ["Faktura N-2"]
