"""Signed links of this service. Each path is a secret of whoever asked for it, or of whoever it is mailed to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.invoicing.domain.closed_links import Recipient
from shared.base.links import Links
from shared.base.passes import Reader, pass_path, reader_of
from shared.contracts.invoicing import DocumentLink, Invoice

GOOD_FOR = timedelta(hours=12)
"""A working day."""
DOCUMENT_DAYS = 3 * 366
"""A programme's two years, and the year in which its accounts are closed; by then the customer has the document."""
_INVOICE = "invoice"
_DOCUMENT = "document"
_DOCUMENT_OF = "document of a person"


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
    """The PDF of an invoice or credit note, for the mailbox it is mailed to; good for DOCUMENT_DAYS from its issue."""
    return f"/invoicing/faktura/{links.sign(_DOCUMENT, document_id)}"


def document_links(
    links: Links, invoice: Invoice, document_id: str, people: Iterable[Recipient]
) -> tuple[DocumentLink, ...]:
    """The same for people who are written to, each as long as they are, and until their links are closed; none where a
    mailbox is.
    """
    if invoice.billing.email:
        return ()
    signed = [(one.person_id, links.sign(_DOCUMENT_OF, _subject(one, document_id))) for one in people]
    return tuple([DocumentLink(person_id=one, path=f"/invoicing/faktura/{token}") for one, token in signed])


def _subject(one: Recipient, document_id: str) -> str:
    """The generation comes last, where it is not the first: no id has a line break in it."""
    said = f"{one.person_id}\n{document_id}"
    return f"{said}\n{one.generation}" if one.generation else said


def reader_in(links: Links, token: str, now: datetime) -> Reader | None:
    """The contact of an enrolment whom a page has let in that leads to its invoices."""
    reader = reader_of(links, "invoices", token, now)
    return reader if reader is not None and reader.role == "contact" else None


def own_invoices_path(links: Links, reader: Reader, now: datetime) -> str:
    return pass_path(links, "invoices", reader, now)


class Linked(NamedTuple):
    """Which document a link leads to, and whom it was mailed to; None = a mailbox, or by a version before this one."""

    document_id: str
    person_id: str | None
    generation: int = 0
    """As `Recipient.generation` was when it was mailed."""


def document_of(links: Links, token: str, now: datetime) -> Linked | None:
    if (document_id := links.verify(_DOCUMENT, token, now)) is not None:
        return Linked(document_id, None)
    if (subject := links.verify(_DOCUMENT_OF, token, now)) is None:
        return None
    person_id, document_id, *generation = subject.split("\n")
    return Linked(document_id, person_id, int(generation[0]) if generation else 0)
