"""The day has come on which a municipality is reminded of a quote that it has not answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.adapters import enrolments, links, orders, programmes
from services.enrollment.domain.options import options_of, remind
from services.enrollment.usecases.change_option import change_option
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_of_quotes(tx: Tx, timers: Sequence[Timer]) -> None:
    """Whoever answers one meanwhile is waited for, as in `lapse_quotes`."""
    rung = {timer.key: timer for timer in timers}
    known = await enrolments.lock_many(tx, (timer.data["enrolment_id"] for timer in timers))
    offered = await programmes.load_many(tx, (one.programme_id for one in known.values()))
    for one in (await orders.load_many(tx, rung)).values():
        enrolment, timer = known[one.enrolment_id], rung[one.id]
        option = next(
            found
            for found in options_of(enrolment, offered[enrolment.programme_id], [one])
            if found.option_id == one.option_id
        )
        path = links.quote_path_of(tx.links, enrolment, one.option_id, one.round)
        since = datetime.fromisoformat(timer.data["since"])

        decided = remind(option, path, since, tx.now)

        await change_option(tx, option, decided, timer.cause)
