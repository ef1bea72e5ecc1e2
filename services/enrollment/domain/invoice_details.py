"""What invoices to a municipality lack: it is given at any time, asked for until it is, and never costs it its place.

Only the invoice waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from services.enrollment.domain.address_book import Entry, billing_of
from services.enrollment.domain.billing import missing, require_billing
from services.enrollment.domain.enrolment import DETAILS, Enrolment, about
from services.enrollment.domain.programme import OFFICE_OPENS, PEOPLE_AFTER, Programme, is_over, repeated
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import BillingChanged, BillingLink, BillingReminderDue
from shared.contracts.parties import Billing
from shared.contracts.programme import BillingTerm
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of, days_after, local


def lacking(enrolment: Enrolment, programme: Programme) -> tuple[str, ...]:
    """By BILLING_DETAILS; nothing where it cannot come to owe anything."""
    owes = enrolment.agreed if enrolment.has_place else programme.terms.terms
    if not (owes.fees or any(one.extra for one in owes.seats) or programme.terms.terms.options):
        return ()
    return missing(enrolment.billing, enrolment.organisation, enrolment.contact.name if enrolment.contact else "")


def invoiced_from(enrolment: Enrolment) -> date | None:
    """The day of its first invoice; None = it has no fee."""
    return min((fee.invoice_on for fee in enrolment.agreed.fees), default=None)


def change_billing(
    enrolment: Enrolment, programme: Programme, entry: Entry, said: Billing, now: datetime, *, by_name: bool
) -> Decision[Enrolment]:
    """Invoices that are still to come are as was said. Said again it changes nothing.

    Refused with all that is wrong, and where nobody takes part or waits to.
    """
    if not enrolment.is_signed_up:
        raise Refused("not_signed_up", f"{enrolment.organisation.name} er ikke tilmeldt, så der er intet at fakturere.")
    billing = billing_of(entry, require_billing(said), enrolment.billing, by_name=by_name)
    if billing == enrolment.billing:
        return Decision(enrolment)
    after = replace(enrolment, billing=billing)
    fact = BillingChanged(**about(after, programme), billing=billing, billing_missing=lacking(after, programme))
    # Of somebody who waits nothing has been told yet: all of it is, with the place.
    facts = (fact,) if after.has_place else ()
    return Decision(after, facts, (asking(after, programme, now),) if after.has_place else ())


def ask(
    enrolment: Enrolment,
    programme: Programme,
    standing_path: str,
    since: datetime,
    now: datetime,
    billing_links: Sequence[BillingLink] = (),
) -> Decision[Enrolment]:
    """Something is missing: the reminder of the newest day that has come since `since`, and the alarm of the next.

    Nobody is asked as long as an open forbehold holds the invoice back anyhow.
    """
    if not _is_asked(enrolment, programme, now):
        return Decision(enrolment)
    next_one, invoice_on = asking(enrolment, programme, now), invoiced_from(enrolment)
    come = [days for days, at in _reminders(programme, invoice_on, now) if since < at <= now]
    waits = enrolment.forbehold_open and programme.forbehold.fees_wait
    if not come or waits or invoice_on is None:
        return Decision(enrolment, (), (next_one,))
    fact = BillingReminderDue(
        **about(enrolment, programme),
        contact=enrolment.known_contact,
        billing_missing=lacking(enrolment, programme),
        invoice_on=invoice_on,
        days=max(come),
        standing_path=standing_path,
        billing_links=tuple(billing_links),
    )
    return Decision(enrolment, (fact,), (next_one,))


def asking(enrolment: Enrolment, programme: Programme, now: datetime) -> Alarm:
    """When somebody is asked for it next; not at all when nothing is missing, or no day is left for it."""
    asked = _is_asked(enrolment, programme, now)
    ahead = [at for _, at in _reminders(programme, invoiced_from(enrolment), now) if at > now] if asked else []
    return Alarm(DETAILS, enrolment.id, min(ahead, default=None), {"since": now.isoformat()})


def _is_asked(enrolment: Enrolment, programme: Programme, now: datetime) -> bool:
    """As long as it has its place, something is missing, and the link of the mail leads somewhere."""
    over = is_over(programme, None, now, PEOPLE_AFTER)
    return programme.open and enrolment.has_place and not over and bool(lacking(enrolment, programme))


def _reminders(programme: Programme, invoice_on: date | None, now: datetime) -> Iterator[tuple[int, datetime]]:
    """By days after the invoice, and when they are due: at nine in Denmark. Of those without an end, the ones about
    now: the newest that has come, and the next.
    """
    term = programme.terms.enrolment.billing or BillingTerm()
    if invoice_on is None:
        return
    days = [*(-one for one in term.remind_before), *term.remind_after]
    days += repeated(term.remind_every, max(term.remind_after, default=0), (day_of(now) - invoice_on).days)
    yield from ((one, local(days_after(invoice_on, one), OFFICE_OPENS)) for one in days)
