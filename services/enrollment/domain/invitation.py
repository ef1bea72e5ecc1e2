"""Who an invitation goes to: addresses of an organisation's, never a person's."""

from __future__ import annotations

from services.enrollment.domain.address_book import Entry
from shared.contracts.enrollment import Mailbox

MAIN = "hovedpostkasse"


def mailboxes(entry: Entry) -> tuple[Mailbox, ...]:
    """The main mailbox and those of roles, each address once, whatever number of roles it serves."""
    named = [(MAIN, entry.main_email)] if entry.main_email else []
    named += [(role, email) for role, email in sorted((entry.roles or {}).items())]
    first: dict[str, Mailbox] = {}
    for role, email in named:
        first.setdefault(email.casefold(), Mailbox(role=role, email=email))
    return tuple(first.values())
