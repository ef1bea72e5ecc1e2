"""An issued invoice is given back, all of it or a part: by a credit note, which is the only way."""

from __future__ import annotations

from services.invoicing.adapters import credit_notes, invoices
from services.invoicing.domain.credit_note import carried_out, check_name
from services.invoicing.domain.standing import require
from services.invoicing.usecases.give_back import give_back
from shared.base.answers import Answer
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued
from shared.storage.tx import Tx


async def credit_invoice(tx: Tx, command: CreditInvoice) -> Answer:
    """The same wish again changes nothing and gets the same answer. Whoever credits at the same time waits."""
    check_name(command)
    standing = require(await invoices.lock(tx, command.invoice_id), "invoice_id")
    known = carried_out(await credit_notes.load_wish(tx, command.credit_id), command)
    if known is not None:
        return _answer(known)

    return _answer(await give_back(tx, standing, command, tx.cause))


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
