"""InvoiceIssued and InvoiceOverdue → what is owed, until when and how to pay it."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import enrolments, programmes, role_holders
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.enrolment import contact_of
from services.notifications.domain.roles import billing_contact
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.invoicing import InvoiceIssued, InvoiceOverdue
from shared.storage.tx import Tx


async def mail_invoice(tx: Tx, events: Sequence[Received[InvoiceIssued]]) -> None:
    await programmes.lock(tx, (event.data.invoice.programme for event in events))
    held = await role_holders.load(tx, {event.data.invoice.enrolment_id for event in events})
    issued = []
    for event in events:
        invoice = event.data.invoice
        contact = billing_contact(held.get(invoice.enrolment_id, ()), invoice, invoice.contact)
        issued.append((letters.invoice_issued(event.data, event.time, contact), event.cause))
    await write_letters(tx, issued)


async def remind_of_payment(tx: Tx, events: Sequence[Received[InvoiceOverdue]]) -> None:
    await programmes.lock(tx, (event.data.invoice.programme for event in events))
    known = await enrolments.load(tx, {event.data.invoice.enrolment_id for event in events})
    held = await role_holders.load(tx, known)
    reminders = []
    for event in events:
        invoice = event.data.invoice
        contact = contact_of(known.get(invoice.enrolment_id), invoice)
        contact = billing_contact(held.get(invoice.enrolment_id, ()), invoice, contact)
        reminders.append((letters.payment_reminder(event.data, contact, event.time), event.cause))
    await write_letters(tx, reminders)
    await tell_staff(tx, [(digest_lines.overdue(event.data, event.time), event.cause) for event in events])
