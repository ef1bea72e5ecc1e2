"""The day has come on which a municipality is asked for what its invoices lack."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.adapters import enrolments, links, programmes
from services.enrollment.domain.invoice_details import ask
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_of_details(tx: Tx, timers: Sequence[Timer]) -> None:
    rung = {timer.key: timer for timer in timers}
    known = await enrolments.lock_many(tx, rung)
    offered = await programmes.load_many(tx, (one.programme_id for one in known.values()))
    for one in known.values():
        if not one.is_signed_up:
            continue

        timer, path = rung[one.id], links.standing_path_of(tx.links, one)
        since = datetime.fromisoformat(timer.data["since"])

        decided = ask(one, offered[one.programme_id], path, since, tx.now)

        tx.tell(decided, because=timer.cause)
