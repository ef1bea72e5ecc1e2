"""Whatever was issued under a number: an invoice or a credit note."""

from __future__ import annotations

from services.invoicing.adapters import credit_notes, invoices
from services.invoicing.adapters.documents import Issued
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def find_document(tx: Tx, document_id: str) -> Issued:
    for standing in await invoices.read(tx, invoice_id=document_id):
        return standing.invoice
    for issued in await credit_notes.read(tx, credit_note_id=document_id):
        return issued.note
    raise Refused("unknown_document", "Der er ingen faktura eller kreditnota med det nummer.", status=404)
