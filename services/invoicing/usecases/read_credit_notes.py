"""Credit notes for those who look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters import credit_notes, official_checks
from services.invoicing.domain.credit_note import as_told
from services.invoicing.usecases.read_documents import read_issued_credit_note
from services.invoicing.usecases.read_invoices import read_standing
from shared.base.listing import page_of
from shared.contracts.invoicing import CreditNoteIssued
from shared.storage.tx import Tx


async def read_credit_notes(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All credit notes, or those of `programme_id` or `enrolment_id`, without their lines."""
    page = page_of(query, "credit_notes")
    wanted = {name: query[name] for name in ("programme_id", "enrolment_id") if name in query}
    return page.answer(await credit_notes.load_page(tx, page, **wanted), _listed)


async def read_credit_notes_of_invoice(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    standing = await read_standing(tx, query["invoice_id"])
    page = page_of(query, "credit_notes")
    return page.answer(await credit_notes.load_page(tx, page, invoice_id=standing.id), _listed)


async def read_credit_note(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    note = await read_issued_credit_note(tx, query["credit_note_id"])
    return {**as_told(note), "official_check": await official_checks.load(tx, note.id)}


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
