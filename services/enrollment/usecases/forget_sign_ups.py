"""A form whose link is long dead is forgotten, with what was typed into it; one that staff have not settled waits."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import sign_ups
from services.enrollment.domain.sign_up import forgetting
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def forget_sign_ups(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        sign_up = await sign_ups.lock(tx, timer.key)
        if sign_up is None:
            continue
        if sign_up.waits_for_staff:
            tx.set(forgetting(sign_up, tx.now), because=timer.cause)
        else:
            await sign_ups.forget(tx, sign_up.id)
