"""Every night: whoever nothing has concerned for so long is forgotten, as if they had asked for it.

Of what is over nothing is left to leave: nobody is told but by PersonErased, and what is counted stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import keeping, people
from services.enrollment.adapters.keeping import Known
from services.enrollment.domain.erasure import told
from services.enrollment.domain.keeping import FORGET_PAST, NIGHTLY, kept_since, nightly, past, rest_of_night
from shared.base.cause import Cause
from shared.contracts.event import natural_id
from shared.contracts.time import day_of
from shared.runtime.erasure import TOGETHER, goes_on
from shared.runtime.timers import Timer
from shared.storage import erasure
from shared.storage.tx import Tx


async def forget_past(tx: Tx, timers: Sequence[Timer]) -> None:
    """Looks at as many addresses as the transaction has room for, and forgets `TOGETHER` of them at most."""
    for timer in timers:
        keep_days, beyond = timer.data["keep_days"], timer.data.get("beyond", "")
        # Each night is a cause of its own.
        cause = Cause(natural_id(FORGET_PAST, day_of(tx.now).isoformat()), None, "clock")
        if timer.key == NIGHTLY:
            tx.set(nightly(keep_days, tx.now), because=cause)
        ended = past(await keeping.load_endings(tx), keep_days, tx.now)
        addresses = await keeping.load_addresses(tx, beyond, tx.room)
        tx.take_on(len(addresses))
        since = kept_since(keep_days, tx.now)

        concerned = await keeping.load_concerned(tx, addresses, ended, since)
        over = [one for one in addresses if one not in concerned][:TOGETHER]
        known = await keeping.lock_known(tx, over)
        # Whoever was registered between the look and the lock stays.
        concerned = await keeping.load_concerned(tx, [one.address for one in known], ended, since)
        await _forget(tx, [one for one in known if one.address not in concerned], cause)

        if len(over) == TOGETHER or not tx.room:
            tx.set(
                rest_of_night(keep_days, over[-1] if len(over) == TOGETHER else addresses[-1], tx.now), because=cause
            )


async def _forget(tx: Tx, known: Sequence[Known], cause: Cause) -> None:
    """Those of one transaction together: one way through the tables of each service."""
    person_ids = [person.person_id for one in known for person in one.persons]
    everybody = [*person_ids, *(guest_id for one in known for guest_id in one.guest_ids)]
    if not everybody:
        return
    for fact in told(everybody, tx.source, why="retention"):
        tx.publish(fact, because=cause)
    persons = [person for one in known for person in one.persons]
    await people.mark_erased(tx, person_ids)
    await keeping.forget_speakers(tx, [one.address for one in known])
    await erasure.begin(tx, everybody, [one.name for one in persons], [one.email for one in persons], by_id=True)
    tx.set(goes_on(everybody[0], tx), because=cause)
