"""Staff say that an address speaks for an organisation: once for all, and what waited for that goes on."""

from __future__ import annotations

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import vouched_for
from services.enrollment.usecases.let_in import let_waiting_in
from services.enrollment.usecases.read_organisations import shown
from shared.base.answers import Answer
from shared.contracts.enrollment import VouchForAddress
from shared.storage.tx import Tx


async def vouch_for_address(tx: Tx, command: VouchForAddress) -> Answer:
    entry = await organisations.lock(tx, command.organisation_code)

    decided = vouched_for(entry, command.email, whole_domain=command.whole_domain)

    if decided.after != entry:
        await organisations.save(tx, [decided.after])
    return Answer({**shown(decided.after), "sign_ups": await let_waiting_in(tx, [decided.after], command.email)})
