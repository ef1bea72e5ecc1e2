"""Who at the organiser may do what, and who granted it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import accounts
from services.enrollment.domain.staff import Grant
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_staff(tx: Tx, query: Mapping[str, str], programmes: frozenset[str] | None = None) -> dict[str, Any]:
    """The roles in these programmes; None = those in all of them too."""
    page = page_of(query, "roles")
    return page.answer(await accounts.load_grants(tx, page, programmes), _shown)


async def read_grant(tx: Tx, grant_id: int) -> dict[str, Any] | None:
    """None = it is taken back already."""
    found = await accounts.load_grant(tx, grant_id)
    return None if found is None else _shown(found)


def _shown(one: Grant) -> dict[str, Any]:
    return {
        "grant_id": one.id,
        "name": one.name,
        "email": one.email,
        "programme_id": one.programme_id or None,
        "role": one.role,
        "granted_at": one.granted_at.isoformat(),
        "granted_by": one.granted_by,
        "has_signed_in": one.account_id is not None,
    }
