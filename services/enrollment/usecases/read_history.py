"""Who did what in a programme, the newest first, with the names of those who have an account here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import accounts
from services.enrollment.adapters.audit import CAUSES
from shared.contracts.staff import IN_DANISH
from shared.storage import audit
from shared.storage.tx import Tx

STAFF = "staff/"


async def read_history(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """As `read_audit`, the other way round; `who` of an entry is a name and what they are here, where that is known."""
    found = await audit.read(tx, query, CAUSES, newest_first=True)
    ids = {one["actor"].removeprefix(STAFF) for one in found["audit"] if (one["actor"] or "").startswith(STAFF)}
    known = await accounts.load_known(tx, sorted(ids), query["programme_id"])
    for one in found["audit"]:
        name, roles = known.get((one["actor"] or "").removeprefix(STAFF), ("", ()))
        words = ", ".join(IN_DANISH[role].lower() for role in roles)
        one["who"] = f"{name} ({words})" if name and words else name
    return found
