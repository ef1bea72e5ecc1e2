"""On the morning after: an organisation's main mailbox is told who has signed it up by a form, once for the day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.notifications.adapters import confirmed, programmes
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def tell_main_mailbox(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        day = date.fromisoformat(timer.data["day"])
        told = await confirmed.take(tx, timer.data["code"], day)
        if told:
            refs = await programmes.load_many(tx, {one.programme_id for one in told})
            await write_letters(tx, [(letters.sign_ups_confirmed(told, refs, day, tx.now), timer.cause)])
