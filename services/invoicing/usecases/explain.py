"""Why is there this claim, this invoice, this credit note, this line of it?"""

from __future__ import annotations

from services.invoicing.adapters import claims, credit_notes, invoices
from services.invoicing.domain.claim import describe
from shared.contracts.danish import kroner
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """`sought`: a claim's id, an invoice or a credit note (K-1), or a line of it (K-1/2), counted from 1."""
    if claim := await claims.load(tx, sought):
        return Effect("krav", describe(claim[0]), claim[1], claim[0].programme_id)
    document_id, _, position = sought.partition("/")
    return await _invoice(tx, document_id, position) or await _credit_note(tx, document_id, position)


async def _invoice(tx: Tx, invoice_id: str, position: str) -> Effect | None:
    found = await invoices.load(tx, invoice_id)
    if found is None:
        return None
    standing, cause = found
    invoice = standing.invoice
    if not position:
        title = f"Faktura {invoice.id} til {invoice.buyer.name}: {kroner(invoice.gross_ore)} inkl. moms"
        return Effect("faktura", title, cause, invoice.programme.id)
    if position.isdecimal() and 0 < int(position) <= len(invoice.lines):
        line = invoice.lines[int(position) - 1]
        if claim := await claims.load(tx, line.claim_id):
            title = f"Faktura {invoice.id}, linje {position}: {line.text}, {kroner(line.net_ore)} ekskl. moms"
            return Effect("fakturalinje", title, claim[1], invoice.programme.id)
    return None


async def _credit_note(tx: Tx, credit_note_id: str, position: str) -> Effect | None:
    found = await credit_notes.load(tx, credit_note_id)
    if found is None:
        return None
    note, cause = found
    programme_id = note.invoice.programme.id if note.invoice else None
    of = f"Kreditnota {note.id} til faktura {note.invoice_id}"
    if not position:
        title = f"{of}: {kroner(note.credited_ore)} inkl. moms ({note.reason})"
        return Effect("kreditnota", title, cause, programme_id)
    if position.isdecimal() and 0 < int(position) <= len(note.lines):
        line = note.lines[int(position) - 1]
        title = f"{of}, linje {position}: {line.text}, {kroner(line.net_ore)} ekskl. moms"
        return Effect("kreditnotalinje", title, cause, programme_id)
    return None
