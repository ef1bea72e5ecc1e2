"""What invoicing holds of people. Issued invoices and credit notes stay as they were told: bookkeeping."""

from __future__ import annotations

from shared.storage.erasure import Holding

HOLDINGS = (
    # An extra participant: whom it is billed for. What is not invoiced yet is billed without the name.
    Holding("claims", {"id": "text"}, {"person_name": "name", "text": "text"}, person="item"),
    Holding(
        "claims",
        {"id": "text"},
        {"contact": "json", "billing": "json"},
        person="contact ->> 'person_id'",
        address="lower(contact ->> 'email')",
    ),
    Holding("appointed_contacts", {"enrolment_id": "text"}, {"contact": "json"}, person="contact ->> 'person_id'"),
    Holding(
        "told_billings",
        {"enrolment_id": "text"},
        {"told_billing": "json"},
        of="enrolment_id IN (SELECT enrolment_id FROM claims WHERE contact ->> 'person_id' = ANY($1) OR item = ANY($1))"
        " AND $2::text[] IS NOT NULL",
    ),
)
