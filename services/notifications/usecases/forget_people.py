"""Somebody was erased: nothing more is sent to them, and what was said to them, or of them, is forgotten."""

from __future__ import annotations

from services.notifications.adapters import messages
from services.notifications.adapters.forgetting import HOLDINGS
from services.notifications.domain.message import call_back, what_stays
from shared.base.erasure import Sought
from shared.runtime.erasure import Forgetting
from shared.storage.tx import Tx


async def call_mails_back(tx: Tx, sought: Sought) -> None:
    """Before what they say is forgotten: staff read of those that somebody else has to get now."""
    waiting = await messages.lock_waiting_for(tx, sought.person_ids, sought.known_by)

    decided = [(call_back(one.message, tx.source), one.cause) for one in waiting]

    await messages.save(tx, [one.after for one, _ in decided])
    for one, cause in decided:
        tx.tell(one, because=cause)


async def read_what_stays(tx: Tx, sought: Sought) -> list[str]:
    return what_stays(await messages.count_sent_to(tx, sought.person_ids))


FORGETTING = Forgetting(HOLDINGS, first=call_mails_back, stays=read_what_stays)
