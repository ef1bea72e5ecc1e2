"""What staff have to do about mails: addresses that refuse them, and mails that may not have gone out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifications.adapters import messages
from services.notifications.adapters.messages import Refusing
from services.notifications.domain.message import Message
from shared.messaging.dead_letters import count_open
from shared.storage.tx import Tx

NAMED = 5


@dataclass(frozen=True, slots=True)
class Today:
    """The first of each, and how many there are. What was put aside, and since when."""

    refusing: Sequence[Refusing]
    refusing_total: int
    failed: Sequence[Message]
    failed_total: int
    unknown: Sequence[Message]
    unknown_total: int
    letters: tuple[int, datetime | None]


async def read_today(tx: Tx, programme_ids: Collection[str] | None) -> Today:
    """Of these programmes; None = of all there are, and what is about none."""
    return Today(
        *await messages.load_refusing(tx, programme_ids, NAMED),
        *await messages.load_stuck(tx, programme_ids, "failed", NAMED),
        *await messages.load_stuck(tx, programme_ids, "unknown", NAMED),
        letters=await count_open(tx),
    )
