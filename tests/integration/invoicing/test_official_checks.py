"""What the official rules say of an issued document stands beside it, for those who look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.invoicing.adapters import documents
from services.invoicing.adapters.einvoice.formats import chosen
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.domain.document.model import NO_REFERENCES, Document
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.read_credit_notes import read_credit_note
from services.invoicing.usecases.read_invoices import read_invoice
from services.invoicing.usecases.write_documents import write_documents
from shared.contracts.invoicing import CreditInvoice
from shared.storage.tx import transaction
from tests.support.facts import an_enrolment
from tests.support.invoicing_web import CountingHouse
from tests.support.room import BY_HAND, Room

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)


async def issued_and_credited(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.ask(credit_invoice, CreditInvoice(invoice_id="N-1", credit_id="k-1", reason="Aftalt."))


async def said(books: Room, folder: Path, rules: OfficialRules) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the invoice and of the credit note."""
    begin = partial(transaction, books.pool, books, books.source, BY_HAND)
    assert list(await write_documents(begin, folder, rules)) == ["N-1", "N-2"]
    return (
        (await books.read(read_invoice, invoice_id="N-1"))["official_check"],
        (await books.read(read_credit_note, credit_note_id="N-2"))["official_check"],
    )


async def test_an_ordinary_invoice_and_its_credit_note_pass(
    books: Room, tmp_path: Path, official_rules: OfficialRules
) -> None:
    await issued_and_credited(books)
    assert (await books.read(read_invoice, invoice_id="N-1"))["official_check"] is None
    passed = {"passed": True, "left_out": "", "errors": []}
    assert await said(books, tmp_path, official_rules) == (passed, passed)


async def test_without_the_rules_the_files_are_written_and_it_is_said_that_nobody_was_asked(
    books: Room, tmp_path: Path
) -> None:
    await issued_and_credited(books)
    for check in await said(books, tmp_path, OfficialRules(None)):
        assert (check["passed"], check["errors"]) == (None, [])
        assert check["left_out"].startswith("Den officielle kontrol er udeladt")
    assert (tmp_path / "N-1.xml").exists()


async def test_what_the_rules_refuse_is_shown_to_staff_with_the_rule(
    counting_house: CountingHouse, tmp_path: Path, official_rules: OfficialRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format that forgets the reference: none of our own documents is refused."""

    def forgetful(document: Document) -> bytes:
        return chosen(None, document.issued_on).write(replace(document, references=NO_REFERENCES))

    form = replace(chosen(None, FEES_FALL_DUE.date()), write=forgetful)
    monkeypatch.setattr(documents, "chosen", lambda *_: form)
    await issued_and_credited(counting_house.books)
    check, _ = await said(counting_house.books, tmp_path, official_rules)
    assert check["passed"] is False
    assert "PEPPOL-EN16931-R003" in [one["rule"] for one in check["errors"]]
    page = await counting_house.client.get(await counting_house.page_of("N-1"))
    assert "<strong>PEPPOL-EN16931-R003</strong>" in page.text
    assert "E-fakturaen bliver afvist af modtageren" in page.text
