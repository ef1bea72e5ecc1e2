"""Somebody was erased: what is still to be invoiced is invoiced without their name."""

from __future__ import annotations

from services.invoicing.adapters import invoices
from services.invoicing.adapters.forgetting import HOLDINGS
from services.invoicing.domain.standing import what_stays
from shared.base.erasure import Sought
from shared.runtime.erasure import Forgetting
from shared.storage.tx import Tx


async def read_what_stays(tx: Tx, sought: Sought) -> list[str]:
    return what_stays(*await invoices.count_about(tx, sought.person_ids))


FORGETTING = Forgetting(HOLDINGS, stays=read_what_stays)
