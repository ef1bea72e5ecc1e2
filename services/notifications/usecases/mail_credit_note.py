"""CreditNoteIssued → what is given back of which invoice, why, and what is left to be paid."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import enrolments, programmes, role_holders
from services.notifications.domain import letters
from services.notifications.domain.enrolment import contact_of
from services.notifications.domain.roles import billing_contact
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.invoicing import CreditNoteIssued
from shared.storage.tx import Tx


async def mail_credit_note(tx: Tx, events: Sequence[Received[CreditNoteIssued]]) -> None:
    """A fact that does not carry its invoice names nobody to write to."""
    whole = [(event.data.invoice, event) for event in events if event.data.invoice is not None]
    await programmes.lock(tx, (invoice.programme for invoice, _ in whole))
    known = await enrolments.load(tx, {invoice.enrolment_id for invoice, _ in whole})
    held = await role_holders.load(tx, known)
    notes = []
    for invoice, event in whole:
        contact = contact_of(known.get(invoice.enrolment_id), invoice)
        contact = billing_contact(held.get(invoice.enrolment_id, ()), invoice, contact)
        notes.append((letters.credit_note(event.data, invoice, contact, event.time), event.cause))
    await write_letters(tx, notes)
