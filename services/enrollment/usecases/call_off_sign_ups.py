"""Whose form waits in a programme that is called off is told once, also whoever has not used its link yet."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import organisations, programmes, sign_ups
from services.enrollment.domain.ended_forms import Around, calling_off_forms, end
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def call_off_sign_ups(tx: Tx, timers: Sequence[Timer]) -> None:
    """Of each programme as many as the transaction has room for. It is called off for good: none comes in meanwhile."""
    for timer in timers:
        after = timer.data["after"]
        if not tx.room:
            tx.set(calling_off_forms(timer.key, timer.due, after), because=timer.cause)
            continue
        waiting = await sign_ups.lock_open(tx, timer.key, after, tx.room)
        tx.take_on(len(waiting))
        around = Around(
            await programmes.load_many(tx, [timer.key]),
            await organisations.load_many(tx, [one.organisation_code for one in waiting]),
            {},
            await sign_ups.load_told_of_end(tx, [one.mailbox for one in waiting]),
        )

        decided = end([(one, "called_off") for one in waiting], around, tx.now)

        await sign_ups.mark(tx, [one.after for one in decided])
        for one in decided:
            tx.tell(one, because=timer.cause)
        if not tx.room:
            tx.set(calling_off_forms(timer.key, timer.due, waiting[-1].number), because=timer.cause)
