"""The sums of a programme, or of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters import invoices
from shared.storage.tx import Tx


async def read_overview(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """Sums in øre of all programmes, or of one: claimed (without moms), invoiced, credited, paid and outstanding."""
    return await invoices.load_overview(tx, query.get("programme_id"))
