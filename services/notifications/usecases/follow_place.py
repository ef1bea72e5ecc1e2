"""What becomes of a place: its contact is told, staff read of it, and the calendars follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.adapters import programmes, role_holders
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.enrolment import Enrolment
from services.notifications.domain.letter import Letter
from services.notifications.domain.roles import billing_contact, political_contacts
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import (
    BillingReminderDue,
    EnrolmentCalledOff,
    EnrolmentLapsed,
    EnrolmentRegrouped,
    NobodyMovedUp,
    ReservationChanged,
    ReservationReminderDue,
    ReservationResolved,
)
from shared.contracts.parties import Contact
from shared.storage.tx import Tx


async def follow_regrouping(tx: Tx, events: Sequence[Received[EnrolmentRegrouped]]) -> None:
    """The old group's meetings are cancelled for the contact, the new one's come instead, and a letter says why."""
    await follow_enrolments(tx, events)
    written = [
        ((letters.groups_merged if event.data.merged else letters.regrouped)(event.data, event.time), event.cause)
        for event in events
    ]
    await write_letters(tx, written)
    await tell_staff(tx, [(digest_lines.regrouped(event.data, event.time), event.cause) for event in events])


async def follow_lapse(tx: Tx, events: Sequence[Received[EnrolmentLapsed]]) -> None:
    before = await follow_enrolments(tx, events)
    letters_to = [(event, _contact(event.data.contact, before.get(event.data.enrolment_id))) for event in events]
    await _write_of_forbehold(
        tx, [(letters.lapsed(event.data, who, event.time), event) for event, who in letters_to if who]
    )
    await tell_staff(tx, [(digest_lines.lapsed(event.data, event.time), event.cause) for event in events])


async def follow_reservation(tx: Tx, events: Sequence[Received[ReservationResolved]]) -> None:
    before = await follow_enrolments(tx, events)
    letters_to = [(event, _contact(event.data.contact, before.get(event.data.enrolment_id))) for event in events]
    answered = [(letters.forbehold_answered(event.data, who, event.time), event) for event, who in letters_to if who]
    await _write_of_forbehold(tx, answered)
    await tell_staff(tx, [(digest_lines.reservation(event.data, event.time), event.cause) for event in events])


async def note_place_left(tx: Tx, events: Sequence[Received[NobodyMovedUp]]) -> None:
    """NobodyMovedUp → staff read whose place nobody got, and why."""
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(digest_lines.left_free(event.data, event.time), event.cause) for event in events])


async def tell_of_cancellation(tx: Tx, events: Sequence[Received[EnrolmentCalledOff]]) -> None:
    """EnrolmentCalledOff → one letter. Its place stays as it is: what was held stays in the calendars."""
    await programmes.lock(tx, (event.data.programme for event in events))
    written = [(letter, event.cause) for event in events for letter in letters.called_off(event.data, event.time)]
    await write_letters(tx, written)


async def remind_of_forbehold(tx: Tx, events: Sequence[Received[ReservationReminderDue]]) -> None:
    """ReservationReminderDue → the reminder, with the page where the answer is given; staff read whose is late, or is
    expected on no day.
    """
    await programmes.lock(tx, (event.data.programme for event in events))
    await _write_of_forbehold(tx, [(letters.forbehold_awaited(event.data, event.time), event) for event in events])
    late = [event for event in events if event.data.days > 0]
    await tell_staff(tx, [(digest_lines.reservation_awaited(event.data, event.time), event.cause) for event in late])


async def note_changed_reservation(tx: Tx, events: Sequence[Received[ReservationChanged]]) -> None:
    """ReservationChanged → staff read when the answer is expected now."""
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(digest_lines.reservation_changed(event.data, event.time), event.cause) for event in events])


async def remind_of_billing(tx: Tx, events: Sequence[Received[BillingReminderDue]]) -> None:
    """BillingReminderDue → the reminder, with the page where it is given; staff read who lacks what."""
    await programmes.lock(tx, (event.data.programme for event in events))
    held = await role_holders.load(tx, {event.data.enrolment_id for event in events})
    reminders = []
    for event in events:
        to = billing_contact(held.get(event.data.enrolment_id, ()), event.data, event.data.contact)
        reminders.append((letters.billing_awaited(event.data, event.time, to), event.cause))
    await write_letters(tx, reminders)
    await tell_staff(tx, [(digest_lines.billing_awaited(event.data, event.time), event.cause) for event in events])


async def _write_of_forbehold(tx: Tx, written: Sequence[tuple[Letter, Received[Any]]]) -> None:
    """To the contact, and to whoever has the role that is told of it as well."""
    held = await role_holders.load(tx, {event.data.enrolment_id for _, event in written})
    both = []
    for letter, event in written:
        both.append((letter, event.cause))
        beside = political_contacts(held.get(event.data.enrolment_id, ()), event.data, letter.to.key)
        both.extend((letters.to_political(letter, one), event.cause) for one in beside)
    await write_letters(tx, both)


def _contact(told: Contact | None, known: Enrolment | None) -> Contact | None:
    """Whom the fact names, else the one that was known: other systems, and a version before this one, name nobody."""
    return told or (known.contact if known else None)
