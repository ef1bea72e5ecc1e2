"""Why is there this claim, this invoice, this line of it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.invoicing.adapters import claims, invoices
from services.invoicing.domain.claim import describe
from shared.contracts.danish import kroner
from shared.runtime.why import Effect

if TYPE_CHECKING:
    from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """`sought`: a claim's id, an invoice (K-1), or a line of it (K-1/2), counted from 1."""
    for claim, cause in await claims.read(tx, claim_id=sought):
        return Effect("krav", describe(claim), cause)
    invoice_id, _, position = sought.partition("/")
    for standing in await invoices.read(tx, invoice_id=invoice_id):
        invoice = standing.invoice
        if not position:
            title = f"Faktura {invoice.id} til {invoice.buyer.name}: {kroner(invoice.gross_ore)} inkl. moms"
            return Effect("faktura", title, standing.cause)
        if position.isdecimal() and 0 < int(position) <= len(invoice.lines):
            line = invoice.lines[int(position) - 1]
            for _, cause in await claims.read(tx, claim_id=line.claim_id):
                title = f"Faktura {invoice.id}, linje {position}: {line.text}, {kroner(line.net_ore)} ekskl. moms"
                return Effect("fakturalinje", title, cause)
    return None
