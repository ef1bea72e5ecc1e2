"""EnrolmentWaitlisted → word that it is on the waiting list; its place in it is nobody's to promise."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain import digest_lines, letters
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.tell_main_mailbox import note_sign_ups
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentWaitlisted
from shared.storage.tx import Tx


async def confirm_waiting(tx: Tx, events: Sequence[Received[EnrolmentWaitlisted]]) -> None:
    """Of a quiet one nobody is told."""
    await follow_enrolments(tx, events)
    told = [event for event in events if not event.data.quiet]
    await write_letters(tx, [(letters.waitlisted(event.data, event.time), event.cause) for event in told])
    await tell_staff(tx, [(digest_lines.waitlisted(event.data, event.time), event.cause) for event in told])
    await note_sign_ups(tx, told)
