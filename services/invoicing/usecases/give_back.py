"""A credit note is issued: its number is drawn, its claims are credited, and it is told."""

from __future__ import annotations

from services.invoicing.adapters import claims, credit_notes, invoices, recipients
from services.invoicing.adapters.links import document_links, document_path
from services.invoicing.domain.claim import credited
from services.invoicing.domain.credit_note import credit_differs, issue_credit_note, to_credit
from services.invoicing.domain.standing import Standing
from shared.base.cause import Cause
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def give_back(tx: Tx, standing: Standing, command: CreditInvoice, because: Cause) -> CreditNoteIssued:
    """The invoice is locked. Refused for what cannot be credited."""
    invoice = standing.invoice
    credit = to_credit(invoice, await credit_notes.load_credited_lines(tx, invoice.id), command)
    given_back = await claims.lock(tx, credit.done)
    people = (await recipients.load(tx, [invoice.enrolment_id])).get(invoice.enrolment_id, ())
    number = await invoices.draw_number(tx, invoice)
    document_id = f"{invoice.series}-{number}"
    decided = issue_credit_note(
        standing,
        credit,
        command,
        number=number,
        issued_on=day_of(tx.now),
        owner=tx.source,
        document_path=document_path(tx.links, document_id),
        document_links=document_links(tx.links, invoice, document_id, people),
    )

    if not await credit_notes.insert(tx, decided.after, invoice, command, because):
        raise credit_differs()
    await claims.mark_credited(tx, [credited(claim) for claim in given_back.values()])
    tx.tell(decided, because=because)
    return decided.after
