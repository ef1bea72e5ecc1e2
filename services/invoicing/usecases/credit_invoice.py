"""An issued invoice is given back, all of it or a part: by a credit note, which is the only way."""

from __future__ import annotations

from services.invoicing.adapters import claims, credit_notes, invoices, links
from services.invoicing.domain.claim import credited
from services.invoicing.domain.credit_note import credit_note, decide
from shared.base.answers import Answer
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def credit_invoice(tx: Tx, command: CreditInvoice) -> Answer:
    """The same wish again changes nothing and gets the same answer. Whoever credits at the same time waits."""
    if not command.credit_id.strip():
        raise Refused("required", "Feltet skal udfyldes.", status=422, field="credit_id")
    standing = await invoices.load(tx, command.invoice_id)
    if standing is None:
        raise Refused("unknown_invoice", "Fakturaen findes ikke.", status=404, field="invoice_id")
    known = await credit_notes.of_wish(tx, command.credit_id)
    if known is not None:
        issued, asked = known
        if asked != command:
            raise _taken()
        return _answer(issued)

    invoice = standing.invoice
    credit = decide(invoice, await credit_notes.credited_lines(tx, invoice.id), command)
    on_it = await claims.load(tx, credit.done)
    number = await invoices.draw_number(tx, invoice)
    outstanding = standing.outstanding_ore - credit.credited_ore
    issued = credit_note(
        invoice,
        credit,
        credit_id=command.credit_id,
        number=number,
        issued_on=day_of(tx.now),
        owner=tx.source,
        outstanding_ore=outstanding,
        document_path=links.document_path(f"{invoice.series}-{number}"),
    )

    if not await credit_notes.insert(tx, issued, command):
        raise _taken()
    await claims.mark_credited(tx, [credited(claim) for claim in on_it.values()])
    tx.publish(issued)
    return _answer(issued)


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


def _taken() -> Refused:
    return Refused("credit_differs", "Noget andet er krediteret under det navn.", field="credit_id")
