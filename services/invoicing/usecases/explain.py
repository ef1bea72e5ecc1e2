"""Why is there this claim, this invoice, this credit note, this line of it?"""

from __future__ import annotations

from services.invoicing.adapters import claims, credit_notes, invoices
from services.invoicing.domain.claim import describe
from shared.contracts.danish import kroner
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """`sought`: a claim's id, an invoice or a credit note (K-1), or a line of it (K-1/2), counted from 1."""
    for claim, cause in await claims.read(tx, claim_id=sought):
        return Effect("krav", describe(claim), cause)
    document_id, _, position = sought.partition("/")
    for standing in await invoices.read(tx, invoice_id=document_id):
        invoice = standing.invoice
        if not position:
            title = f"Faktura {invoice.id} til {invoice.buyer.name}: {kroner(invoice.gross_ore)} inkl. moms"
            return Effect("faktura", title, standing.cause)
        if position.isdecimal() and 0 < int(position) <= len(invoice.lines):
            line = invoice.lines[int(position) - 1]
            for _, cause in await claims.read(tx, claim_id=line.claim_id):
                title = f"Faktura {invoice.id}, linje {position}: {line.text}, {kroner(line.net_ore)} ekskl. moms"
                return Effect("fakturalinje", title, cause)
    for note, cause in await credit_notes.read(tx, credit_note_id=document_id):
        of = f"Kreditnota {note.id} til faktura {note.invoice_id}"
        if not position:
            return Effect("kreditnota", f"{of}: {kroner(note.credited_ore)} inkl. moms ({note.reason})", cause)
        if position.isdecimal() and 0 < int(position) <= len(note.lines):
            line = note.lines[int(position) - 1]
            return Effect(
                "kreditnotalinje", f"{of}, linje {position}: {line.text}, {kroner(line.net_ore)} ekskl. moms", cause
            )
    return None
