"""Staff write down where an organisation is written to and how it wants its invoices."""

from __future__ import annotations

from pydantic import Field

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import rewritten
from services.enrollment.usecases.read_organisations import shown
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.contracts.parties import Billing
from shared.storage.tx import Tx


class PutOrganisation(Command):
    """The whole entry: what is not said is not in the book afterwards."""

    code: str
    main_email: str | None = None
    roles: dict[str, str] = Field(default_factory=dict)
    billing: Billing = Field(default_factory=Billing)


async def put_organisation(tx: Tx, command: PutOrganisation) -> Answer:
    entry = await organisations.load(tx, command.code)

    decided = rewritten(entry, command.main_email, command.roles, command.billing)

    if decided.after != entry:
        await organisations.save(tx, [decided.after])
    return Answer(shown(decided.after))
