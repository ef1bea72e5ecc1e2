"""What was issued under a number, as it was issued: an invoice or a credit note; and how it is handed out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from services.invoicing.adapters import credit_notes, documents, invoices, recipients
from services.invoicing.adapters.links import DOCUMENT_DAYS, document_of
from services.invoicing.domain.credit_note import not_found
from services.invoicing.domain.from_invoice import Issued
from services.invoicing.domain.standing import require
from shared.contracts.invoicing import CreditNoteIssued, Invoice
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


async def read_document(tx: Tx, document_id: str) -> Issued:
    """Either of them; refused when nothing has that number."""
    if invoice := await invoices.load(tx, document_id):
        return invoice[0].invoice
    if note := await credit_notes.load(tx, document_id):
        return note[0]
    raise Refused("unknown_document", "Der er ingen faktura eller kreditnota med det nummer.", status=404)


async def read_issued_invoice(tx: Tx, invoice_id: str) -> Invoice:
    found = await invoices.load(tx, invoice_id)
    return require(found and found[0]).invoice


async def read_issued_credit_note(tx: Tx, credit_note_id: str) -> CreditNoteIssued:
    found = await credit_notes.load(tx, credit_note_id)
    if found is None:
        raise not_found()
    return found[0]


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What a link led to whose person is written to about the enrolment's invoices no more, or whose links were
    `closed` since it was mailed.
    """

    invoice: Invoice
    """Of the document, or what it credits."""
    closed: bool = False


async def read_linked_document(tx: Tx, token: str) -> Issued | HandedOn | None:
    """What a link in a mail leads to; None when the link is no good, or not any more."""
    linked = document_of(tx.links, token, tx.now)
    if linked is None:
        return None
    issued = await read_document(tx, linked.document_id)
    if (day_of(tx.now) - issued.issued_on).days > DOCUMENT_DAYS:
        return None
    if linked.person_id is None:
        return issued
    invoice = await _invoice_of(tx, issued)
    people = (await recipients.load(tx, [invoice.enrolment_id])).get(invoice.enrolment_id, ())
    now = next((one for one in people if one.person_id == linked.person_id), None)
    if now is None:
        return HandedOn(invoice)
    return issued if now.opens(linked.generation) else HandedOn(invoice, closed=True)


async def _invoice_of(tx: Tx, issued: Issued) -> Invoice:
    """Itself, or what it credits."""
    if isinstance(issued, Invoice):
        return issued
    return issued.invoice or await read_issued_invoice(tx, issued.invoice_id)


def read_as_page(issued: Issued) -> str:
    """HTML that loads nothing."""
    return documents.as_html(issued)


async def read_as_file(issued: Issued, suffix: str) -> File:
    """`html`, `pdf`, `xml` or `json`. Made in a thread, and best outside any transaction: a PDF takes a moment."""
    files = await asyncio.to_thread(documents.as_files, issued)
    return File(documents.file_name(issued, suffix), files[suffix])
