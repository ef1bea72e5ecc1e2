"""EnrolmentWithdrawn → the receipt, and the meetings leave the calendars of the contact and the participants."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import digest_items, enrolments, messages, programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.follow_enrolment import follow_enrolments
from shared.contracts.enrollment import EnrolmentWithdrawn
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def confirm_withdrawal(tx: Tx, events: Sequence[Received[EnrolmentWithdrawn]]) -> None:
    for turn in in_turns(events, lambda event: event.data.enrolment_id):
        await programmes.keep(tx, (event.data.programme for event in turn))
        known = await enrolments.load(tx, {event.data.enrolment_id for event in turn})
        enrolled = {one: enrolment.enrolled_at for one, enrolment in known.items()}
        receipts = [
            (letters.withdrawn(event.data, enrolled.get(event.data.enrolment_id), event.time), event.cause)
            for event in turn
        ]
        await messages.write(tx, receipts)
        await digest_items.add(tx, [(digest_lines.withdrawn(event.data, event.time), event.cause) for event in turn])
        await follow_enrolments(tx, turn)
