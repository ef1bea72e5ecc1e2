"""An archive has not got the papers of a programme that is long over, so that its people are kept: staff are told."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import keeping, programmes
from services.enrollment.domain.keeping import ask
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def ask_for_archive(tx: Tx, timers: Sequence[Timer]) -> None:
    """As it stands by now: what the archive has got meanwhile, or goes on again, is not asked for."""
    offered = await programmes.load_many(tx, (timer.key for timer in timers))
    endings = {one.programme_id: one for one in await keeping.load_endings_of(tx, offered)}
    for timer in timers:
        decided = ask(endings[timer.key], offered[timer.key], timer.data["keep_days"], tx.now)

        tx.tell(decided, because=timer.cause)
