"""EnrolmentWaitlisted → word that it is on the waiting list; its place in it is nobody's to promise."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items, messages
from services.notifications.domain import digest_lines, letters
from services.notifications.usecases.follow_enrolment import follow_enrolments
from shared.contracts.enrollment import EnrolmentWaitlisted
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def confirm_waiting(tx: Tx, events: Sequence[Received[EnrolmentWaitlisted]]) -> None:
    await follow_enrolments(tx, events)
    await messages.write(tx, [(letters.waitlisted(event.data, event.time), event.cause) for event in events])
    await digest_items.add(tx, [(digest_lines.waitlisted(event.data, event.time), event.cause) for event in events])
