"""The day has come on which a municipality is reminded of what it still has to say: of its forbehold, its invoices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.enrollment.adapters import contacts, enrolments, links, programmes
from services.enrollment.adapters.links import Guest
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.forbehold import remind
from services.enrollment.domain.invoice_details import ask
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import billing_holders
from shared.contracts.decision import Decision
from shared.contracts.enrollment import BillingLink
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

Remind = Callable[[Enrolment, Programme, str, datetime, datetime, Sequence[BillingLink]], Decision[Enrolment]]


async def remind_of_forbehold(tx: Tx, timers: Sequence[Timer]) -> None:
    await _remind(tx, timers, lambda one, programme, path, since, now, _: remind(one, programme, path, since, now))


async def remind_of_details(tx: Tx, timers: Sequence[Timer]) -> None:
    await _remind(tx, timers, ask)


async def _remind(tx: Tx, timers: Sequence[Timer], of: Remind) -> None:
    rung = {timer.key: timer for timer in timers}
    known = await enrolments.lock_many(tx, rung)
    offered = await programmes.load_many(tx, (one.programme_id for one in known.values()))
    histories = await contacts.load_histories(tx, list(known))
    for one in known.values():
        if not one.is_signed_up:
            continue

        timer, programme, path = rung[one.id], offered[one.programme_id], links.standing_path_of(tx.links, one)
        since = datetime.fromisoformat(timer.data["since"])
        holders = [
            BillingLink(
                person_id=holder.person_id,
                path=links.billing_path(
                    tx.links, Guest(one.id, holder.person_id, one.number, one.generation_of(holder.person_id))
                ),
            )
            for holder in billing_holders(one, programme, histories.get(one.id, ()))
        ]

        decided = of(one, programme, path, since, tx.now, holders)

        tx.tell(decided, because=timer.cause)
