"""Issued credit notes, and how much of each invoice's lines they have given back."""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.base.cause import Cause
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued
from shared.storage.tx import Tx


class Issued(NamedTuple):
    """As those who look read it."""

    note: CreditNoteIssued
    cause: Cause


async def credited_lines(tx: Tx, invoice_id: str) -> dict[str, int]:
    """Claim id → net øre given back so far; those of an invoice that is locked stay as they are."""
    rows = await tx.fetch("SELECT claim_id, credited_ore FROM credited_lines WHERE invoice_id = $1", invoice_id)
    return {row["claim_id"]: row["credited_ore"] for row in rows}


async def of_wish(tx: Tx, credit_id: str) -> tuple[CreditNoteIssued, CreditInvoice] | None:
    """The credit note that was asked for under this name, and what was asked for."""
    row = await tx.fetchrow(
        "SELECT document::text AS document, asked::text AS asked FROM credit_notes WHERE credit_id = $1", credit_id
    )
    if row is None:
        return None
    return (
        CreditNoteIssued.model_validate_json(row["document"]),
        CreditInvoice.model_validate_json(row["asked"]),
    )


async def insert(tx: Tx, issued: CreditNoteIssued, asked: CreditInvoice) -> bool:
    """False = another one got that `credit_id` a moment ago. What its lines come to is read from the invoice itself."""
    new = await tx.fetchval(
        """
        INSERT INTO credit_notes (id, series, organiser, number, credit_id, asked, invoice_id, issued_on,
                                  net_ore, vat_ore, gross_ore, rounding_ore, document,
                                  correlation_id, causation_id, actor)
        SELECT i.series || '-' || $2::bigint, i.series, i.organiser, $2, $3, $4::text::json, i.id, $5,
               $6, $7, $8, $9, $10::text::json, $11, $12, $13
        FROM invoices i WHERE i.id = $1
        ON CONFLICT (credit_id) DO NOTHING RETURNING id
        """,
        issued.invoice_id,
        issued.number,
        asked.credit_id,
        asked.model_dump_json(),
        issued.issued_on,
        issued.net_ore,
        issued.vat_ore,
        issued.gross_ore,
        issued.rounding_ore,
        issued.__pydantic_serializer__.to_json(issued).decode(),
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )
    if new is None:
        return False
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


async def read(
    tx: Tx,
    *,
    credit_note_id: str | None = None,
    invoice_id: str | None = None,
    programme_id: str | None = None,
    enrolment_id: str | None = None,
) -> list[Issued]:
    """For people who look; by series and number."""
    rows = await tx.fetch(
        """
        SELECT c.document::text AS document, c.correlation_id, c.causation_id, c.actor
        FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id
        WHERE ($1::text IS NULL OR c.id = $1) AND ($2::text IS NULL OR c.invoice_id = $2)
          AND ($3::text IS NULL OR i.programme_id = $3) AND ($4::text IS NULL OR i.enrolment_id = $4)
        ORDER BY c.series, c.number
        """,
        credit_note_id,
        invoice_id,
        programme_id,
        enrolment_id,
    )
    return [_issued(row) for row in rows]


def _issued(row: Any) -> Issued:
    cause = Cause(row["correlation_id"], row["causation_id"], row["actor"])
    return Issued(CreditNoteIssued.model_validate_json(row["document"]), cause)
