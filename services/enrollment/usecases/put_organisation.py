"""Staff write down where an organisation is written to and how it wants its invoices."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import Unit, rewritten
from services.enrollment.usecases.let_in import let_waiting_in
from services.enrollment.usecases.read_organisations import shown
from services.enrollment.usecases.write_to_members import write_to_members
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
    """

    code: Id
    main_email: Email | None = None
    roles: dict[Name, Email] = Field(default_factory=dict, max_length=MOST_ROLES)
    billing: BillingWish = Field(default_factory=Billing)
    mailboxes: tuple[Email, ...] | None = Field(default=None, max_length=MOST_ROLES)
    domains: tuple[Line, ...] | None = Field(default=None, max_length=MOST_ROLES)
    units: tuple[PutUnit, ...] | None = Field(default=None, max_length=MOST_UNITS)
    cvr: Id | None = None


async def put_organisation(tx: Tx, command: PutOrganisation) -> Answer:
    """Forms that waited for staff to say who their contact is, and need wait no more, get their places."""
    entry = await organisations.lock(tx, command.code)

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
        await organisations.save(tx, [decided.after])
        await let_waiting_in(tx, [decided.after])
        await write_to_members(tx, [decided.after])
    return Answer(shown(decided.after))
