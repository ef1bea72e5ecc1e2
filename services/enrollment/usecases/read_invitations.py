"""The invitation rounds of a programme, how many are still silent, and the round that goes out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import invitations
from services.enrollment.adapters.invitations import Counted
from shared.base.listing import page_of
from shared.storage.tx import Tx

ROUNDS = 100
"""On a page: the municipalities of each are counted."""


async def read_invitations(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    at = await invitations.load_own_round_at(tx, query["programme_id"])
    page = page_of(query, "rounds", most=ROUNDS)
    found = await invitations.load_rounds(tx, page, query["programme_id"])
    return {"invites_at": at.isoformat() if at else None, **page.answer(found, _shown)}


def _shown(one: Counted) -> dict[str, Any]:
    return {
        "round_id": one.round_id,
        "started_at": one.started_at.isoformat(),
        "remind_on": one.remind_on.isoformat() if one.remind_on else None,
        "reminded_at": one.reminded_at.isoformat() if one.reminded_at else None,
        "invited": one.invited,
        "reminded": one.reminded,
        "silent": one.silent,
    }
