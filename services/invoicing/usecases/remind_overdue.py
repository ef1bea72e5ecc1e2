"""A due date has passed: invoices that are not paid in full are told of, at most three times, ten days apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.invoicing.adapters import invoices, links
from services.invoicing.domain.from_invoice import payment_rows
from services.invoicing.domain.invoice import REMINDERS, next_reminder_at
from shared.contracts.invoicing import InvoiceOverdue
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_overdue(tx: Tx, timers: Sequence[Timer]) -> None:
    today = day_of(tx.now)
    for timer in timers:
        series, level = timer.data["series"], timer.data["level"]
        due_on = date.fromisoformat(timer.data["due_on"])
        overdue = await invoices.load_overdue(tx, series, due_on, level)
        if not overdue:
            continue
        await invoices.insert_notices(tx, overdue, level, today)
        for standing in overdue:
            fact = InvoiceOverdue(
                owner=tx.source,
                invoice_id=standing.invoice.id,
                level=level,
                outstanding_ore=standing.outstanding_ore,
                invoice=standing.invoice,
                how_to_pay=payment_rows(standing.invoice),
                document_path=links.document_path(standing.invoice.id),
            )
            tx.publish(fact, because=standing.cause)
        if level < REMINDERS:
            invoices.arm_reminder(tx, series, due_on, level + 1, next_reminder_at(today), timer.cause)
