"""At night: whoever nothing has concerned for so long is forgotten, as if they had asked for it.

Of what is over nothing is left to leave: nobody is told but by PersonErased, and what is counted stays. Whose papers an
archive has not got are kept, and staff are told so.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import keeping, people
from services.enrollment.adapters.keeping import Known
from services.enrollment.domain.erasure import told
from services.enrollment.domain.keeping import (
    FORGET_PAST,
    asking,
    awaited,
    done_with,
    first_due,
    kept_since,
    next_look,
    not_asked,
    rest_of_night,
    sooner,
)
from shared.base.cause import Cause
from shared.contracts.event import natural_id
from shared.contracts.time import day_of
from shared.runtime.erasure import TOGETHER, goes_on
from shared.runtime.timers import Timer, arm_standing
from shared.storage import erasure
from shared.storage.tx import Tx


async def forget_past(tx: Tx, timers: Sequence[Timer]) -> None:
    """Looks at as many addresses as the transaction has room for, and forgets `TOGETHER` of them at most."""
    for timer in timers:
        keep_days, beyond = timer.data["keep_days"], timer.data.get("beyond", "")
        # Each night is a cause of its own.
        cause = Cause(natural_id(FORGET_PAST, day_of(tx.now).isoformat()), None, "clock")
        endings = await keeping.load_endings(tx)
        ended, since = done_with(endings, keep_days, tx.now), kept_since(keep_days, tx.now)
        if not beyond:
            waiting = awaited(endings, keep_days, tx.now)[: tx.room]
            await arm_standing(tx, [asking(one, keep_days, tx.now) for one in waiting], because=cause)
            for alarm in not_asked(endings, keep_days, tx.now):
                tx.set(alarm)
        addresses = await keeping.load_addresses(tx, beyond, tx.room)
        tx.take_on(len(addresses))

        concerned = await keeping.load_concerned(tx, addresses, ended, since)
        over = [one for one in addresses if one not in concerned][:TOGETHER]
        known = await keeping.lock_known(tx, over)
        # Whoever was registered between the look and the lock stays.
        still = await keeping.load_concerned(tx, [one.address for one in known], ended, since)
        await _forget(tx, [one for one in known if one.address not in still], cause)

        first = sooner(timer.data.get("first"), {**concerned, **still}.values(), keep_days)
        if len(known) < len(over):
            first = day_of(tx.now)
        if len(over) == TOGETHER or not tx.room:
            seen = over[-1] if len(over) == TOGETHER else addresses[-1]
            tx.set(rest_of_night(keep_days, seen, first, tx.now), because=cause)
        else:
            others = first_due(endings, keep_days, tx.now)
            tx.set(
                next_look(min((one for one in (first, others) if one), default=None), keep_days, tx.now), because=cause
            )


async def _forget(tx: Tx, known: Sequence[Known], cause: Cause) -> None:
    """Those of one transaction together: one way through the tables of each service."""
    if not known:
        return
    addresses = [one.address for one in known]
    persons = [person for one in known for person in one.persons]
    person_ids = [one.person_id for one in persons]
    others = [*(one for each in known for one in each.guest_ids), *await keeping.load_applicants(tx, addresses)]
    everybody = list(dict.fromkeys([*person_ids, *others]))

    for fact in told(everybody, tx.source, why="retention"):
        tx.publish(fact, because=cause)
    await people.mark_erased(tx, person_ids)
    await keeping.forget_mailboxes(tx, addresses)
    await erasure.begin(tx, everybody, [one.name for one in persons], [one.email for one in persons], by_id=True)
    tx.set(goes_on(everybody[0], tx), because=cause)
