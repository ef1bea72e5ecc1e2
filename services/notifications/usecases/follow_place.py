"""What becomes of a place without a letter of its own: staff read of it, and the calendars follow."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain import digest_lines
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentLapsed, EnrolmentRegrouped, ReservationResolved
from shared.storage.tx import Tx


async def follow_regrouping(tx: Tx, events: Sequence[Received[EnrolmentRegrouped]]) -> None:
    """The old group's meetings are cancelled for the contact, the new one's come instead."""
    await follow_enrolments(tx, events)
    await tell_staff(tx, [(digest_lines.regrouped(event.data, event.time), event.cause) for event in events])


async def follow_lapse(tx: Tx, events: Sequence[Received[EnrolmentLapsed]]) -> None:
    await follow_enrolments(tx, events)
    await tell_staff(tx, [(digest_lines.lapsed(event.data, event.time), event.cause) for event in events])


async def follow_reservation(tx: Tx, events: Sequence[Received[ReservationResolved]]) -> None:
    await follow_enrolments(tx, events)
    await tell_staff(tx, [(digest_lines.reservation(event.data, event.time), event.cause) for event in events])
