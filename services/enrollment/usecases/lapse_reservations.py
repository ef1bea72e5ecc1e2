"""The day up to which open forbehold held their places is over: they lapse, and the next ones move up."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.forbehold import lapse, lapsing, lapsing_on, may_lapse
from services.enrollment.domain.programme import Programme
from services.enrollment.usecases.fill_places import fill_places
from services.enrollment.usecases.leave import leave
from shared.base.cause import Cause
from shared.contracts.decision import Alarm
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def lapse_reservations(tx: Tx, timers: Sequence[Timer]) -> None:
    """Of each programme as many as the transaction has room for; one that says otherwise by now is left alone.

    What was agreed with a place holds, so that some may lapse later than the others.
    """
    causes = {timer.data["programme_id"]: timer.cause for timer in timers}
    for programme_id, programme in (await programmes.lock_many(tx, causes)).items():
        if may_lapse(programme, tx.now):
            await _lapse(tx, programme, causes[programme_id])
        else:
            tx.set(await _next(tx, programme), because=causes[programme_id])


async def _lapse(tx: Tx, programme: Programme, because: Cause) -> None:
    before = await enrolments.lock_lapsed(tx, programme, tx.room)
    tx.take_on(len(before))

    decided = [lapse(one, programme, tx.now) for one in before]

    await enrolments.save_many(tx, [(one.after, because) for one in decided])
    for one in decided:
        tx.tell(one, because=because)
    tx.set(await _next(tx, programme) if tx.room else lapsing_on(programme, tx.now), because=because)
    left = await leave(tx, programme, list(zip(before, (one.after for one in decided), strict=True)), because)
    await fill_places(tx, [left], because, before)


async def _next(tx: Tx, programme: Programme) -> Alarm:
    """Of those that are left."""
    return lapsing(programme, await enrolments.load_agreed_forbehold(tx, programme), tx.now)
