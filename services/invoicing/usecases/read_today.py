"""What staff have to do about invoices: those that cannot be issued, and those that are not paid in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.invoicing.adapters import claims, invoices
from services.invoicing.adapters.claims import HeldBack
from services.invoicing.adapters.invoices import Overdue
from shared.contracts.time import day_of
from shared.messaging.dead_letters import count_open
from shared.storage.tx import Tx

NAMED = 5
BACK = timedelta(days=730)
"""What fell due before that is nobody's business of today."""


@dataclass(frozen=True, slots=True)
class Today:
    """The first of each, and how many there are; amounts in øre. What was put aside, and since when."""

    held_back: Sequence[HeldBack]
    held_back_total: int
    overdue: Sequence[Overdue]
    overdue_total: int
    outstanding_ore: int
    letters: tuple[int, datetime | None]


async def read_today(tx: Tx, programme_ids: Collection[str] | None) -> Today:
    """Of these programmes; None = of all there are."""
    today = day_of(tx.now)
    held_back, held_back_total = await claims.load_held_back(tx, programme_ids, NAMED)
    overdue, total, outstanding = await invoices.load_overdue(tx, programme_ids, today - BACK, today, NAMED)
    return Today(held_back, held_back_total, overdue, total, outstanding, await count_open(tx))
