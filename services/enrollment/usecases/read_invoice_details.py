"""What is known and what is missing of a municipality's invoices, for its contact: by the link of its mails."""

from __future__ import annotations

from dataclasses import dataclass

from services.enrollment.domain.enrolment import book_is_for
from services.enrollment.usecases.read_standing import HandedOn, Standing, read_standing
from shared.contracts.parties import Billing
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Details:
    """`known` is the address book's, too: None where the link may be another system's."""

    found: Standing
    known: Billing | None


async def read_invoice_details(tx: Tx, token: str) -> Details | HandedOn | None:
    """None and HandedOn as `read_standing`."""
    found = await read_standing(tx, token, units=True)
    if not isinstance(found, Standing):
        return found
    if not book_is_for(found.enrolment, client=False, person=True):
        return Details(found, None)
    return Details(found, found.enrolment.billing)
