"""Invoices and sums for those who look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters import invoices, official_checks
from services.invoicing.domain.invoice import as_told
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def list_invoices(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All invoices, or those of `programme_id` or `enrolment_id`, without their lines."""
    found = await invoices.read(tx, programme_id=query.get("programme_id"), enrolment_id=query.get("enrolment_id"))
    return {"invoices": [_listed(standing) for standing in found]}


async def get_invoice(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    standing = await find(tx, query["invoice_id"])
    official = await official_checks.read(tx, standing.invoice.id)
    return {**as_told(standing.invoice), **_paid(standing), "official_check": official}


async def find(tx: Tx, invoice_id: str) -> invoices.Standing:
    found = await invoices.read(tx, invoice_id=invoice_id)
    if not found:
        raise Refused("unknown_invoice", "Fakturaen findes ikke.", status=404)
    return found[0]


async def read_overview(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """Sums in øre of all programmes, or of one: claimed (without moms), invoiced, credited, paid and outstanding."""
    return await invoices.overview(tx, query.get("programme_id"))


def _listed(standing: invoices.Standing) -> dict[str, Any]:
    invoice = standing.invoice
    return {
        "id": invoice.id,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat(),
        "programme_id": invoice.programme.id,
        "enrolment_id": invoice.enrolment_id,
        "organisation": invoice.buyer.model_dump(mode="json"),
        "lines": len(invoice.lines),
        "net_ore": invoice.net_ore,
        "vat_ore": invoice.vat_ore,
        "gross_ore": invoice.gross_ore,
        **_paid(standing),
    }


def _paid(standing: invoices.Standing) -> dict[str, Any]:
    return {
        "paid_ore": standing.paid_ore,
        "credited_ore": standing.credited_ore,
        "outstanding_ore": standing.outstanding_ore,
        "reminders": standing.reminders,
    }
