"""What every fact about an enrolment does before anybody is written to: our copy of it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.adapters import enrolments, programmes
from services.notifications.domain.enrolment import Enrolment, follow, whose
from services.notifications.domain.looks import Look
from services.notifications.usecases.look_at_calendars import look_at_calendars
from shared.base.cloudevents import Received
from shared.storage.tx import Tx


async def follow_enrolments(tx: Tx, events: Sequence[Received[Any]]) -> dict[str, Enrolment]:
    """Store what the facts say, then bring the calendars in line; returns the enrolments as they were before.

    `events`: facts of one type, the ones of an enrolment in order.
    """
    await programmes.lock(tx, (event.data.programme for event in events))
    before = await enrolments.load(tx, {event.data.enrolment_id for event in events})
    after = dict(before)
    for event in events:
        known = follow(after.get(event.data.enrolment_id), event.data, event.time)
        if known is not None:
            after[event.data.enrolment_id] = known
    await enrolments.save(tx, after.values())
    await enrolments.insert_former(tx, [one for one in before.values() if not one.has_address_of(after[one.id])])
    newest = {event.data.enrolment_id: event for event in events}
    looks = [
        Look("enrolment", one, event.uid, event.time, own=whose(event.data)) for one, event in sorted(newest.items())
    ]
    await look_at_calendars(tx, looks, {event.uid: event.cause for event in events}, tx.now)
    return before
