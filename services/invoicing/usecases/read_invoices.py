"""Invoices for those who look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters import invoices, official_checks
from services.invoicing.domain.invoice import as_told
from services.invoicing.domain.standing import Standing, require
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_invoices(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All invoices, or those of `programme_id` or `enrolment_id`, without their lines."""
    page = page_of(query, "invoices")
    found = await invoices.load_page(
        tx, page, programme_id=query.get("programme_id"), enrolment_id=query.get("enrolment_id")
    )
    return page.answer(found, _listed)


async def read_invoice(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    standing = await read_standing(tx, query["invoice_id"])
    official = await official_checks.load(tx, standing.id)
    return {**as_told(standing.invoice), **_paid(standing), "official_check": official}


async def read_standing(tx: Tx, invoice_id: str) -> Standing:
    """An invoice with what has become of it; refused when there is none."""
    found = await invoices.load(tx, invoice_id)
    return require(found and found[0])


def _listed(standing: Standing) -> dict[str, Any]:
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


def _paid(standing: Standing) -> dict[str, Any]:
    return {
        "paid_ore": standing.paid_ore,
        "credited_ore": standing.credited_ore,
        "outstanding_ore": standing.outstanding_ore,
        "reminders": standing.reminders,
    }
