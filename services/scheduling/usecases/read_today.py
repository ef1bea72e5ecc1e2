"""What staff have to do about meetings: those that should have a date by now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.scheduling.adapters import meetings
from services.scheduling.adapters.meetings import Undated
from services.scheduling.domain.advice import AHEAD
from shared.contracts.time import day_of
from shared.messaging.dead_letters import count_open
from shared.storage.tx import Tx

NAMED = 5


@dataclass(frozen=True, slots=True)
class Today:
    """The first of the meetings without a date, and how many there are; what was put aside, and since when."""

    undated: Sequence[Undated]
    total: int
    letters: tuple[int, datetime | None]
    today: date


async def read_today(tx: Tx, programme_ids: Collection[str] | None) -> Today:
    """Of these programmes; None = of all there are."""
    today = day_of(tx.now)
    undated, total = await meetings.load_undated(tx, programme_ids, f"{today + AHEAD:%Y-%m}", NAMED)
    return Today(undated, total, await count_open(tx), today)
