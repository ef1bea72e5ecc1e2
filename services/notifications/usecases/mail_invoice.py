"""InvoiceIssued and InvoiceOverdue → what is owed, until when and how to pay it."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items, messages, programmes
from services.notifications.domain import digest_lines, letters
from shared.contracts.invoicing import InvoiceIssued, InvoiceOverdue
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def mail_invoice(tx: Tx, events: Sequence[Received[InvoiceIssued]]) -> None:
    await programmes.keep(tx, (event.data.invoice.programme for event in events))
    await messages.write(tx, [(letters.invoice_issued(event.data, event.time), event.cause) for event in events])


async def remind_of_payment(tx: Tx, events: Sequence[Received[InvoiceOverdue]]) -> None:
    await programmes.keep(tx, (event.data.invoice.programme for event in events))
    await messages.write(tx, [(letters.payment_reminder(event.data, event.time), event.cause) for event in events])
    await digest_items.add(tx, [(digest_lines.overdue(event.data, event.time), event.cause) for event in events])
