"""Staff write down where an organisation is written to and how it wants its invoices."""

from __future__ import annotations

from pydantic import Field

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import Entry, require_billing, require_email, require_name
from services.enrollment.usecases.list_organisations import as_json
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.contracts.parties import Billing
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class PutOrganisation(Command):
    """The whole entry: what is not said is not in the book afterwards."""

    code: str
    main_email: str | None = None
    roles: dict[str, str] = Field(default_factory=dict)
    billing: Billing = Field(default_factory=Billing)


async def put_organisation(tx: Tx, command: PutOrganisation) -> Answer:
    known = (await organisations.by_code(tx, [command.code])).get(command.code)
    if known is None:
        raise Refused("unknown_organisation", "Organisationen er ikke i adressebogen.", status=404, field="code")

    entry = Entry(
        organisation=known.organisation,
        main_email=None if command.main_email is None else require_email(command.main_email, "main_email"),
        roles={
            require_name(role, "roles").casefold(): require_email(email, f"roles.{role}")
            for role, email in command.roles.items()
        },
        billing=require_billing(command.billing),
    )

    await organisations.save(tx, [entry])
    return Answer(as_json(entry))
