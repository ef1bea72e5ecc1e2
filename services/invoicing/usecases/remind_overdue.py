"""A due date has passed: invoices that are not paid in full are told of, at most three times, ten days apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.invoicing.adapters import invoices, recipients
from services.invoicing.adapters.links import document_links, document_path
from services.invoicing.domain.standing import remind
from services.invoicing.usecases.tell_all import tell_all
from shared.contracts.decision import Alarm
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_overdue(tx: Tx, timers: Sequence[Timer]) -> None:
    today = day_of(tx.now)
    for timer in timers:
        series, due_on, level = timer.data["series"], date.fromisoformat(timer.data["due_on"]), timer.data["level"]
        after = timer.data.get("after", 0)
        last, unreminded = await invoices.lock_unreminded(tx, series, due_on, level, after, max(tx.room, 1))
        tx.take_on(len(unreminded))

        people = await recipients.load(tx, {standing.invoice.enrolment_id for standing, _ in unreminded})

        decided = [
            remind(
                standing,
                level,
                today,
                tx.source,
                document_path(tx.links, standing.id),
                document_links(tx.links, standing.invoice, standing.id, people.get(standing.invoice.enrolment_id, ())),
            )
            for standing, _ in unreminded
        ]

        causes = {standing.id: cause for standing, cause in unreminded}
        await invoices.insert_notices(tx, [one.after for one in decided if one.after.reminders == level], today, causes)
        tell_all(tx, decided, causes)
        if last is not None:
            tx.set(Alarm(timer.name, timer.key, timer.due, {**timer.data, "after": last}), because=timer.cause)
