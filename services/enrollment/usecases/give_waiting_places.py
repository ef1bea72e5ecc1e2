"""The deadline is over and the places are given, or more can be given than found room in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import programmes
from services.enrollment.usecases.fill_places import fill_places
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def give_waiting_places(tx: Tx, timers: Sequence[Timer]) -> None:
    causes = {timer.data["programme_id"]: timer.cause for timer in timers}
    for programme_id, programme in (await programmes.lock_many(tx, causes)).items():
        await fill_places(tx, [programme], causes[programme_id])
