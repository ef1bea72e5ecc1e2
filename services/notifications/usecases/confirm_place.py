"""MunicipalityEnrolled → the receipt with what was agreed, and the meetings that already have a date."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.tell_main_mailbox import note_sign_ups
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.storage.tx import Tx


async def confirm_place(tx: Tx, events: Sequence[Received[MunicipalityEnrolled]]) -> None:
    """Receipts are written before invitations, so that they go out first. Of a quiet one nobody is told."""
    await programmes.lock(tx, (event.data.programme for event in events))
    told = [event for event in events if not event.data.quiet]
    await write_letters(tx, [(letters.place_confirmed(event.data, event.time), event.cause) for event in told])
    await tell_staff(tx, [(digest_lines.enrolled(event.data, event.time), event.cause) for event in told])
    lacking = [event for event in told if event.data.billing_missing]
    await tell_staff(tx, [(digest_lines.billing_missing(event.data, event.time), event.cause) for event in lacking])
    await follow_enrolments(tx, events)
    await note_sign_ups(tx, told)
