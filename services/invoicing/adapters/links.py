"""Signed links of this service. Each path is a secret of whoever asked for it, or of whoever it is mailed to."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.base.links import Links

GOOD_FOR = timedelta(hours=12)
"""A working day."""
DOCUMENT_DAYS = 3 * 366
"""A programme's two years, and the year in which its accounts are closed; by then the customer has the document."""
_INVOICE = "invoice"
_DOCUMENT = "document"


def invoice_address(links: Links, invoice_id: str, actor: str, now: datetime) -> str:
    """The page where `actor`, one of the staff, sees and credits this invoice; good for GOOD_FOR."""
    token = links.sign(_INVOICE, f"{actor}\n{invoice_id}", now + GOOD_FOR)
    return links.address(f"/invoicing/fakturaer/{token}")


def invoice_of(links: Links, token: str, now: datetime) -> tuple[str, str] | None:
    """(invoice id, who the link was given to)."""
    subject = links.verify(_INVOICE, token, now)
    if subject is None:
        return None
    actor, _, invoice_id = subject.partition("\n")
    return invoice_id, actor


def document_path(links: Links, document_id: str) -> str:
    """The PDF of an invoice or credit note, for whoever it is mailed to; good for DOCUMENT_DAYS after it was issued."""
    return f"/invoicing/faktura/{links.sign(_DOCUMENT, document_id)}"


def document_of(links: Links, token: str, now: datetime) -> str | None:
    return links.verify(_DOCUMENT, token, now)
