"""An issued invoice is given back, all of it or a part: by a credit note, which is the only way."""

from __future__ import annotations

from services.invoicing.adapters import claims, credit_notes, invoices
from services.invoicing.adapters.links import document_path
from services.invoicing.domain.claim import credited
from services.invoicing.domain.credit_note import (
    carried_out,
    check_name,
    credit_differs,
    issue_credit_note,
    to_credit,
)
from services.invoicing.domain.standing import require
from shared.base.answers import Answer
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def credit_invoice(tx: Tx, command: CreditInvoice) -> Answer:
    """The same wish again changes nothing and gets the same answer. Whoever credits at the same time waits."""
    check_name(command)
    standing = require(await invoices.lock(tx, command.invoice_id), "invoice_id")
    known = carried_out(await credit_notes.load_wish(tx, command.credit_id), command)
    if known is not None:
        return _answer(known)

    invoice = standing.invoice
    credit = to_credit(invoice, await credit_notes.load_credited_lines(tx, invoice.id), command)
    given_back = await claims.lock(tx, credit.done)
    number = await invoices.draw_number(tx, invoice)
    decided = issue_credit_note(
        standing,
        credit,
        command,
        number=number,
        issued_on=day_of(tx.now),
        owner=tx.source,
        document_path=document_path(tx.links, f"{invoice.series}-{number}"),
    )

    if not await credit_notes.insert(tx, decided.after, invoice, command):
        raise credit_differs()
    await claims.mark_credited(tx, [credited(claim) for claim in given_back.values()])
    tx.tell(decided)
    return _answer(decided.after)


def _answer(issued: CreditNoteIssued) -> Answer:
    body = {
        "credit_note_id": issued.id,
        "invoice_id": issued.invoice_id,
        "net_ore": issued.net_ore,
        "vat_ore": issued.vat_ore,
        "gross_ore": issued.gross_ore,
        "rounding_ore": issued.rounding_ore,
        "outstanding_ore": issued.outstanding_ore,
    }
    return Answer(body, location=f"/api/invoicing/credit-notes/{issued.id}")
