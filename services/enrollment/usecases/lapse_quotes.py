"""The last day of quotes without an answer is over."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, orders, programmes
from services.enrollment.domain.options import Option, lapse
from services.enrollment.usecases.change_option import change_option
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def lapse_quotes(tx: Tx, timers: Sequence[Timer]) -> None:
    """Whoever answers one meanwhile is waited for: the rounds are read once their enrolments are locked."""
    because = {timer.key: timer.cause for timer in timers}
    known = await enrolments.lock_many(tx, (timer.data["enrolment_id"] for timer in timers))
    offered = await programmes.load_many(tx, (one.programme_id for one in known.values()))
    for one in (await orders.load_many(tx, because)).values():
        enrolment = known[one.enrolment_id]
        option = Option(enrolment, offered[enrolment.programme_id], one.option_id, None, one)

        decided = lapse(option, tx.now)

        await change_option(tx, option, decided, because[one.id])
