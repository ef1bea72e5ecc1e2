"""Credit notes for those who look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters import credit_notes, official_checks
from services.invoicing.domain.credit_note import as_told
from services.invoicing.usecases.read_invoices import find
from shared.contracts.invoicing import CreditNoteIssued
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def list_credit_notes(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All credit notes, or those of `programme_id` or `enrolment_id`, without their lines."""
    found = await credit_notes.read(tx, programme_id=query.get("programme_id"), enrolment_id=query.get("enrolment_id"))
    return {"credit_notes": [_listed(issued.note) for issued in found]}


async def list_credit_notes_of_invoice(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    invoice = (await find(tx, query["invoice_id"])).invoice
    found = await credit_notes.read(tx, invoice_id=invoice.id)
    return {"credit_notes": [_listed(issued.note) for issued in found]}


async def get_credit_note(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    note = await find_credit_note(tx, query["credit_note_id"])
    return {**as_told(note), "official_check": await official_checks.read(tx, note.id)}


async def find_credit_note(tx: Tx, credit_note_id: str) -> CreditNoteIssued:
    found = await credit_notes.read(tx, credit_note_id=credit_note_id)
    if not found:
        raise Refused("unknown_credit_note", "Kreditnotaen findes ikke.", status=404)
    return found[0].note


def _listed(note: CreditNoteIssued) -> dict[str, Any]:
    return {
        "id": note.id,
        "invoice_id": note.invoice_id,
        "credit_id": note.credit_id,
        "issued_on": note.issued_on.isoformat(),
        "reason": note.reason,
        "lines": len(note.lines),
        "net_ore": note.net_ore,
        "vat_ore": note.vat_ore,
        "gross_ore": note.gross_ore,
        "rounding_ore": note.rounding_ore,
    }
