"""Who pays for an option, from what was said of it: the unit, or the EAN number, is looked up in the address book."""

from __future__ import annotations

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import billing_of, require_entry
from services.enrollment.domain.billing import require_billing
from services.enrollment.domain.enrolment import book_is_for
from services.enrollment.domain.options import Option, paid_by
from shared.contracts.parties import Billing
from shared.storage.tx import Tx


async def bill_option(tx: Tx, option: Option, said: Billing) -> Billing | None:
    """None where nothing is said; what is not said is as it is billed now. Refused 422 with all that is wrong."""
    if said == Billing():
        return None
    entry = require_entry(await organisations.load(tx, option.enrolment.organisation.code))
    in_force = option.order if option.order and option.order.state in {"ordered", "delivered"} else None
    by_name = book_is_for(option.enrolment, client=tx.cause.client is not None, person=tx.cause.is_person)
    return billing_of(entry, require_billing(said), paid_by(option, in_force), by_name=by_name)
