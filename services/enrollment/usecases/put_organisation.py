"""Staff write down where an organisation is written to and how it wants its invoices."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import Unit, require_entry, require_unchanged, rewritten
from services.enrollment.usecases.read_organisations import shown
from services.enrollment.usecases.write_entries import write_entries
from shared.base.answers import Answer
from shared.contracts.bounds import MOST_ROLES, MOST_UNITS, Email, Id, Line, Name
from shared.contracts.event import Command, Frozen
from shared.contracts.parties import Billing, BillingWish
from shared.storage.tx import Tx


class PutUnit(Frozen):
    """A unit of an organisation that invoices go to; what `billing` does not say is the organisation's.

    With a CVR number it is a legal unit of its own, and takes over nothing.
    """

    model_config = ConfigDict(extra="forbid")

    id: Id
    name: Line
    billing: BillingWish = Field(default_factory=Billing)


class PutOrganisation(Command):
    """The whole entry: what is not said is not in the book afterwards, but who else speaks for it, its units and its
    CVR number (None = as before).

    `mailboxes`, and every mailbox of `domains`: whoever has such an address confirms its sign-ups by their own link.
    `seen` is the version that whoever changes it has seen: another one by now is refused (None = whichever there is).
    """

    code: Id
    main_email: Email | None = None
    roles: dict[Name, Email] = Field(default_factory=dict, max_length=MOST_ROLES)
    billing: BillingWish = Field(default_factory=Billing)
    mailboxes: tuple[Email, ...] | None = Field(default=None, max_length=MOST_ROLES)
    domains: tuple[Line, ...] | None = Field(default=None, max_length=MOST_ROLES)
    units: tuple[PutUnit, ...] | None = Field(default=None, max_length=MOST_UNITS)
    cvr: Id | None = None
    seen: Id | None = None


async def put_organisation(tx: Tx, command: PutOrganisation) -> Answer:
    """Forms that waited for staff to say who their contact is, and need wait no more, get their places."""
    entry = require_unchanged(require_entry(await organisations.lock(tx, command.code)), command.seen)

    units = None if command.units is None else [Unit(one.id, one.name, one.billing) for one in command.units]

    decided = rewritten(
        entry,
        command.main_email,
        command.roles,
        command.billing,
        command.mailboxes,
        command.domains,
        units,
        command.cvr,
    )

    if decided.after != entry:
        await write_entries(tx, [(entry, decided.after)])
    return Answer(shown(decided.after))
