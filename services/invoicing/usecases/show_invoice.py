"""An invoice as staff see it who are to decide on it: its lines, what became of them, and what was credited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.invoicing.adapters import claims, credit_notes, links, official_checks
from services.invoicing.adapters.invoices import Standing
from services.invoicing.domain.claim import STATE_TITLES
from services.invoicing.usecases.read_invoices import find
from shared.contracts.invoicing import CreditNoteIssued, InvoiceLine
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class ShownLine:
    """`removed`: it has fallen away since, and nobody has credited it; `why` is what is known of that."""

    line: InvoiceLine
    left_ore: int
    status: str
    removed: bool
    why: str


@dataclass(frozen=True, slots=True)
class ShownInvoice:
    standing: Standing
    lines: tuple[ShownLine, ...]
    notes: tuple[CreditNoteIssued, ...]
    official: dict[str, Any] | None
    """What the official rules say of it; None = its files are not written yet."""


async def show_invoice(tx: Tx, invoice_id: str) -> ShownInvoice:
    standing = await find(tx, invoice_id)
    given_back = await credit_notes.credited_lines(tx, invoice_id)
    claim_of = {claim.id: claim for claim, _ in await claims.read(tx, invoice_id=invoice_id)}
    lines = []
    for line in standing.invoice.lines:
        claim = claim_of.get(line.claim_id)
        left = line.net_ore - given_back.get(line.claim_id, 0)
        removed = claim is not None and claim.state == "invoiced_then_removed"
        lines.append(
            ShownLine(
                line,
                left,
                STATE_TITLES["invoiced" if claim is None else claim.state],
                removed=removed,
                why=claim.reason if claim is not None and removed else "",
            )
        )
    notes = await credit_notes.read(tx, invoice_id=invoice_id)
    official = await official_checks.read(tx, invoice_id)
    return ShownInvoice(standing, tuple(lines), tuple([issued.note for issued in notes]), official)


async def link_to_invoice(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """The address of the page where whoever asks can credit the invoice; a secret, good for a working day."""
    standing = await find(tx, query["invoice_id"])
    url = links.invoice_address(standing.invoice.id, tx.cause.actor or "", tx.now)
    return {"url": url, "good_until": (tx.now + links.GOOD_FOR).isoformat()}
