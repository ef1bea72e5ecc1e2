"""Staff say that an address speaks for an organisation: once for all, and what waited for that goes on."""

from __future__ import annotations

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import require_entry, vouched_for
from services.enrollment.usecases.read_organisations import shown
from services.enrollment.usecases.write_entries import write_entries
from shared.base.answers import Answer
from shared.contracts.enrollment import VouchForAddress
from shared.storage.tx import Tx


async def vouch_for_address(tx: Tx, command: VouchForAddress) -> Answer:
    """Of an organisation that was merged into another it is said of that one, whose addresses it has."""
    named = require_entry(await organisations.lock(tx, command.organisation_code))
    entry = named if named.merged_into is None else await organisations.lock(tx, named.merged_into)

    decided = vouched_for(entry, command.email, whole_domain=command.whole_domain)

    admitted = await write_entries(tx, [(require_entry(entry), decided.after)], command.email)
    return Answer({**shown(decided.after), "sign_ups": admitted})
