"""Who an invitation goes to (addresses of an organisation's, never a person's), and when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from services.enrollment.domain.address_book import Entry
from shared.contracts.enrollment import Mailbox
from shared.contracts.programme import EnrolmentPlan
from shared.contracts.time import local, start_of_day

MAIN = "hovedpostkasse"
OFFICE_OPENS = time(9)
"""In Denmark: invitations and reminders go out then."""


def mailboxes(entry: Entry) -> tuple[Mailbox, ...]:
    """The main mailbox and those of roles, each address once, whatever number of roles it serves."""
    named = [(MAIN, entry.main_email)] if entry.main_email else []
    named += [(role, email) for role, email in sorted((entry.roles or {}).items())]
    first: dict[str, Mailbox] = {}
    for role, email in named:
        first.setdefault(email.casefold(), Mailbox(role=role, email=email))
    return tuple(first.values())


def invites_at(plan: EnrolmentPlan, now: datetime) -> datetime | None:
    """When the programme's own round goes out: at nine in Denmark on `invite_on`, and at once later that day.

    None when it has none, and when the day is over: an invitation that is late goes out only when a person says so.
    """
    day = plan.invite_on
    if day is None or plan.who != "municipalities" or plan.how != "sign_up" or is_over(day, now):
        return None
    return max(local(day, OFFICE_OPENS), now)


def is_over(day: date, now: datetime) -> bool:
    return now >= start_of_day(day + timedelta(days=1))
