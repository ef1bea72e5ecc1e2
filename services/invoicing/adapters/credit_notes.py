"""Issued credit notes, and how much of each invoice's lines they have given back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued, Invoice, LineToCredit
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns, cause_of
from shared.storage.tx import Tx

_CREDIT_NOTES = Table(
    "credit_notes",
    {
        "id": "text",
        "series": "text",
        "organiser": "text",
        "number": "bigint",
        "credit_id": "text",
        "asked": "json",
        "invoice_id": "text",
        "issued_on": "date",
        "net_ore": "bigint",
        "vat_ore": "bigint",
        "gross_ore": "bigint",
        "rounding_ore": "bigint",
        "document": "json",
        **CAUSE,
    },
    key=("id",),
)
_COLUMNS = "c.document::text AS document, c.correlation_id, c.causation_id, c.actor"
_FROM = "FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id"
_SELECT = f"SELECT {_COLUMNS} {_FROM}"
_IN_ORDER = Order({"c.series": "text", "c.number": "bigint"})


async def load_credited_lines(tx: Tx, invoice_id: str) -> dict[str, int]:
    """Claim id → net øre given back so far; those of an invoice that is locked stay as they are."""
    rows = await tx.fetch("SELECT claim_id, credited_ore FROM credited_lines WHERE invoice_id = $1", invoice_id)
    return {row["claim_id"]: row["credited_ore"] for row in rows}


async def load_wish(tx: Tx, credit_id: str) -> tuple[CreditNoteIssued, CreditInvoice] | None:
    """The credit note that was asked for under this name, and what was asked for."""
    row = await tx.fetchrow(
        "SELECT document::text AS document, asked::text AS asked FROM credit_notes WHERE credit_id = $1", credit_id
    )
    if row is None:
        return None
    return (
        CreditNoteIssued.model_validate_json(row["document"]),
        _as_it_was(json.loads(row["asked"])),
    )


def _as_it_was(asked: dict[str, Any]) -> CreditInvoice:
    """Taken in already, so that today's bounds of the door are nothing to it."""
    lines = asked["lines"]
    if lines is not None:
        lines = tuple([LineToCredit.model_construct(**line) for line in lines])
    return CreditInvoice.model_construct(**{**asked, "lines": lines})


async def insert(tx: Tx, issued: CreditNoteIssued, credited: Invoice, asked: CreditInvoice, because: Cause) -> bool:
    """False = another one got that `credit_id` a moment ago. `credited` is locked."""
    row = {
        "id": issued.id,
        "series": credited.series,
        "organiser": credited.programme.seller.cvr,
        "number": issued.number,
        "credit_id": asked.credit_id,
        "asked": asked.model_dump_json(),
        "invoice_id": credited.id,
        "issued_on": issued.issued_on,
        "net_ore": issued.net_ore,
        "vat_ore": issued.vat_ore,
        "gross_ore": issued.gross_ore,
        "rounding_ore": issued.rounding_ore,
        "document": issued.__pydantic_serializer__.to_json(issued).decode(),
        **cause_columns(because),
    }
    if not await _CREDIT_NOTES.insert_new(tx, [row]):
        if await load_wish(tx, asked.credit_id) is None:
            raise LookupError(f"there is another credit note {issued.id}")
        return False
    # What a line came to is read from the invoice itself: no more than that can be given back.
    await tx.execute(
        """
        INSERT INTO credited_lines AS known (invoice_id, claim_id, line_ore, credited_ore)
        SELECT i.id, new.claim_id, (line->>'net_ore')::bigint, new.net_ore
        FROM unnest($2::text[], $3::bigint[]) AS new (claim_id, net_ore)
        JOIN invoices i ON i.id = $1
        JOIN LATERAL json_array_elements(i.document->'lines') AS line ON line->>'claim_id' = new.claim_id
        ON CONFLICT (invoice_id, claim_id) DO UPDATE SET credited_ore = known.credited_ore + excluded.credited_ore
        """,
        issued.invoice_id,
        [line.claim_id for line in issued.lines],
        [line.net_ore for line in issued.lines],
    )
    return True


async def load(tx: Tx, credit_note_id: str) -> tuple[CreditNoteIssued, Cause] | None:
    """With what it goes back to."""
    row = await tx.fetchrow(f"{_SELECT} WHERE c.id = $1", credit_note_id)
    return None if row is None else (_issued(row), cause_of(row))


async def load_page(
    tx: Tx,
    page: Page,
    *,
    invoice_id: str | None = None,
    programme_id: str | None = None,
    enrolment_id: str | None = None,
) -> list[Placed[CreditNoteIssued]]:
    """By series and number; None = any."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} {_FROM}
        WHERE ($1::text IS NULL OR c.invoice_id = $1) AND ($2::text IS NULL OR i.programme_id = $2)
          AND ($3::text IS NULL OR i.enrolment_id = $3) AND {_IN_ORDER.after(4)}
        ORDER BY {_IN_ORDER.by} LIMIT $5
        """,
        invoice_id,
        programme_id,
        enrolment_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _issued(row)) for row in rows]


async def load_of_invoice(tx: Tx, invoice_id: str) -> list[CreditNoteIssued]:
    """By number; no more than its lines can be credited."""
    rows = await tx.fetch(f"{_SELECT} WHERE c.invoice_id = $1 ORDER BY {_IN_ORDER.by}", invoice_id)
    return [_issued(row) for row in rows]


async def load_of_invoices(tx: Tx, invoice_ids: Iterable[str]) -> dict[str, list[CreditNoteIssued]]:
    """By invoice, each one's by number."""
    rows = await tx.fetch(
        f"SELECT c.invoice_id, {_COLUMNS} FROM credit_notes c WHERE c.invoice_id = ANY($1::text[]) "
        "ORDER BY c.series, c.number",
        sorted(set(invoice_ids)),
    )
    found: dict[str, list[CreditNoteIssued]] = {}
    for row in rows:
        found.setdefault(row["invoice_id"], []).append(_issued(row))
    return found


def _issued(row: Any) -> CreditNoteIssued:
    return CreditNoteIssued.model_validate_json(row["document"])
