"""EnrolmentWithdrawn → the receipt, and the meetings leave the calendars of the contact and the participants."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import enrolments, programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentWithdrawn
from shared.storage.tx import Tx


async def confirm_withdrawal(tx: Tx, events: Sequence[Received[EnrolmentWithdrawn]]) -> None:
    for turn in in_turns(events, lambda event: event.data.enrolment_id):
        await programmes.lock(tx, (event.data.programme for event in turn))
        known = await enrolments.load(tx, {event.data.enrolment_id for event in turn})
        enrolled = {one: enrolment.enrolled_at for one, enrolment in known.items()}
        receipts = [
            (letters.withdrawn(event.data, enrolled.get(event.data.enrolment_id), event.time), event.cause)
            for event in turn
        ]
        await write_letters(tx, receipts)
        await tell_staff(tx, [(digest_lines.withdrawn(event.data, event.time), event.cause) for event in turn])
        await follow_enrolments(tx, turn)
