"""The invitation rounds of a programme, how many are still silent, and the round that goes out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import invitations
from shared.storage.tx import Tx


async def read_invitations(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    at = await invitations.load_own_round_at(tx, query["programme_id"])
    return {
        "invites_at": at.isoformat() if at else None,
        "rounds": [
            {
                "round_id": one.round_id,
                "started_at": one.started_at.isoformat(),
                "remind_on": one.remind_on.isoformat() if one.remind_on else None,
                "reminded_at": one.reminded_at.isoformat() if one.reminded_at else None,
                "invited": one.invited,
                "reminded": one.reminded,
                "silent": one.silent,
            }
            for one in await invitations.load_rounds(tx, query["programme_id"])
        ],
    }
