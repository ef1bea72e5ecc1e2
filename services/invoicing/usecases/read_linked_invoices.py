"""An invoice as staff see it who are to decide on it: its lines, what became of them, and what was credited.

They come by a link of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.invoicing.adapters import claims, credit_notes, official_checks
from services.invoicing.adapters.links import GOOD_FOR, invoice_address, invoice_of
from services.invoicing.domain.claim import STATE_TITLES
from services.invoicing.domain.credit_note import left_of
from services.invoicing.domain.standing import Standing
from services.invoicing.usecases.read_invoices import read_standing
from shared.contracts.invoicing import CreditNoteIssued, InvoiceLine
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class LinkedLine:
    """`removed`: it has fallen away since, and nobody has credited it; `why` is what is known of that."""

    line: InvoiceLine
    left_ore: int
    status: str
    removed: bool
    why: str


@dataclass(frozen=True, slots=True)
class LinkedInvoice:
    actor: str
    """Who the link was given to."""
    standing: Standing
    lines: tuple[LinkedLine, ...]
    notes: tuple[CreditNoteIssued, ...]
    official: dict[str, Any] | None
    """What the official rules say of it; None = its files are not written yet."""


async def read_invoice_link(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """The address of the page where whoever asks can credit the invoice; a secret, good for a working day."""
    standing = await read_standing(tx, query["invoice_id"])
    url = invoice_address(tx.links, standing.id, tx.cause.actor or "", tx.now)
    return {"url": url, "good_until": (tx.now + GOOD_FOR).isoformat()}


async def read_linked_invoice(tx: Tx, token: str) -> LinkedInvoice | None:
    """None when the link is no good, or not any more."""
    found = invoice_of(tx.links, token, tx.now)
    if found is None:
        return None
    invoice_id, actor = found
    return await read_desk(tx, invoice_id, actor)


async def read_desk(tx: Tx, invoice_id: str, actor: str) -> LinkedInvoice:
    """For `actor`, one of the staff, by whichever way they came; refused when there is no such invoice."""
    standing = await read_standing(tx, invoice_id)
    left = left_of(standing.invoice, await credit_notes.load_credited_lines(tx, invoice_id))
    claim_of = {claim.id: claim for claim in await claims.load_of_invoice(tx, invoice_id)}
    lines = []
    for line in standing.invoice.lines:
        claim = claim_of.get(line.claim_id)
        removed = claim is not None and claim.state == "invoiced_then_removed"
        lines.append(
            LinkedLine(
                line,
                left[line.claim_id],
                STATE_TITLES["invoiced" if claim is None else claim.state],
                removed=removed,
                why=claim.reason if claim is not None and removed else "",
            )
        )
    notes = await credit_notes.load_of_invoice(tx, invoice_id)
    return LinkedInvoice(actor, standing, tuple(lines), tuple(notes), await official_checks.load(tx, invoice_id))
