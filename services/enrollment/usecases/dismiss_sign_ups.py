"""Staff say no to all forms that wait for them from an address, or from a domain, once they know how many that is."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import organisations, programmes, sign_ups
from services.enrollment.domain.sign_up import Alike, dismiss, dismissing_rest, require_counted
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.enrollment import DismissSignUps
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def dismiss_sign_ups(tx: Tx, command: DismissSignUps) -> Answer:
    """As many as the transaction has room for, and one where it has none; a timer sees to the rest at once."""
    alike = Alike(command.email, command.whole_domain)
    there = await sign_ups.count_alike(tx, alike, command.up_to)
    counted = {"count": there.count, "up_to": there.up_to}
    if command.count is None:
        return Answer({**counted, "state": "counted"})

    require_counted(there, command.count)

    await _dismiss(tx, alike, there.up_to, tx.cause)
    return Answer({**counted, "state": "dismissed"})


async def dismiss_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        like = await sign_ups.load(tx, timer.data["like"])
        if like is not None:
            await _dismiss(tx, Alike(like.email, timer.data["whole_domain"]), timer.data["up_to"], timer.cause)


async def _dismiss(tx: Tx, alike: Alike, up_to: int, cause: Cause) -> None:
    found = await sign_ups.lock_alike(tx, alike, up_to, max(tx.room, 1))
    known = {one: await programmes.load(tx, one) for one in sorted({one.command.programme_id for one in found})}
    book = await organisations.load_many(tx, [one.organisation_code for one in found])

    decided = [dismiss(one, known[one.command.programme_id], book.get(one.organisation_code), tx.now) for one in found]

    tx.take_on(len(found))
    await sign_ups.mark(tx, [one.after for one in decided])
    for one in decided:
        tx.tell(one, because=cause)
    if found and not tx.room:
        tx.set(dismissing_rest(found[-1], alike, up_to, tx.now), because=cause)
