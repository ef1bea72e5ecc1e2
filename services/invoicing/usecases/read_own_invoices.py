"""An enrolment's invoices and credit notes, for its contact, whom another page has let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.invoicing.adapters import closed_links, credit_notes, invoices, recipients
from services.invoicing.adapters.links import own_invoices_path, reader_in
from services.invoicing.domain.from_invoice import Issued
from services.invoicing.domain.standing import Standing, payer
from services.invoicing.usecases.read_documents import read_document, read_issued_invoice
from shared.base.listing import page_of
from shared.base.passes import Reader
from shared.contracts.invoicing import CreditNoteIssued, Invoice
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.storage.tx import Tx

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class OwnInvoice:
    """`sent_to`: somebody else than the contact, who has its files; None = the contact may have them."""

    standing: Standing
    notes: tuple[CreditNoteIssued, ...]
    sent_to: str | None


@dataclass(frozen=True, slots=True)
class OwnInvoices:
    """`path` is the contact's secret, good for some hours. `following` is the cursor of the next page."""

    path: str
    today: date
    found: tuple[OwnInvoice, ...]
    following: str | None


async def read_own_invoices(tx: Tx, token: str, query: Mapping[str, str]) -> OwnInvoices | None:
    """None for a pass that is no good any more, or of somebody who is not written to about them."""
    reader = reader_in(tx.links, token, tx.now)
    if reader is None or not await _is_let_in(tx, reader):
        return None
    page = page_of(query, "own-invoices", most=ON_A_PAGE)
    found, following = page.cut(await invoices.load_page(tx, page, programme_id=None, enrolment_id=reader.of))
    notes = await credit_notes.load_of_invoices(tx, [one.id for one in found])
    return OwnInvoices(
        own_invoices_path(tx.links, reader, tx.now),
        day_of(tx.now),
        tuple(OwnInvoice(one, tuple(notes.get(one.id, ())), payer(one.invoice)) for one in found),
        following,
    )


async def read_own_document(tx: Tx, token: str, document_id: str) -> Issued | None:
    """One of them; None for any other document, and for what is sent to somebody else."""
    reader = reader_in(tx.links, token, tx.now)
    if reader is None or not await _is_let_in(tx, reader):
        return None
    try:
        issued = await read_document(tx, document_id)
    except Refused:
        return None
    invoice = (
        issued if isinstance(issued, Invoice) else issued.invoice or await read_issued_invoice(tx, issued.invoice_id)
    )
    return issued if invoice.enrolment_id == reader.of and payer(invoice) is None else None


async def _is_let_in(tx: Tx, reader: Reader) -> bool:
    """By links that are closed nobody is. Of whom nothing was told there is nothing to read: nobody is kept from an
    empty list.
    """
    if not (await closed_links.load(tx, reader.of, reader.person_id)).lets_in(reader.generation):
        return False
    people = (await recipients.load(tx, [reader.of])).get(reader.of, ())
    return not people or reader.person_id in {one.person_id for one in people}
