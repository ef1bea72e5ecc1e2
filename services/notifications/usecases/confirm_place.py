"""MunicipalityEnrolled → the receipt with what was agreed, and the meetings that already have a date."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items, messages, programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.usecases.follow_enrolment import follow_enrolments
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def confirm_place(tx: Tx, events: Sequence[Received[MunicipalityEnrolled]]) -> None:
    """Receipts are written before invitations, so that they go out first."""
    await programmes.keep(tx, (event.data.programme for event in events))
    await messages.write(tx, [(letters.place_confirmed(event.data, event.time), event.cause) for event in events])
    await digest_items.add(tx, [(digest_lines.enrolled(event.data, event.time), event.cause) for event in events])
    await follow_enrolments(tx, events)
