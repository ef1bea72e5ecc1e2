"""A member is admitted, or invited to a single meeting: it is written to, and its calendars are brought in line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.adapters import member_meetings, programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.looks import Look
from services.notifications.usecases.follow_enrolment import follow_enrolments
from services.notifications.usecases.look_at_calendars import look_at_calendars
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import MemberAdmitted, MemberInvited, MemberMailboxMissing, MemberUninvited
from shared.storage.tx import Tx


async def welcome_member(tx: Tx, events: Sequence[Received[MemberAdmitted]]) -> None:
    """MemberAdmitted → the invitation to its mailbox, once, with the page where it names its people."""
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(tx, [(letters.member_admitted(event.data, event.time), event.cause) for event in events])
    await follow_enrolments(tx, events)


async def note_missing_mailbox(tx: Tx, events: Sequence[Received[MemberMailboxMissing]]) -> None:
    """MemberMailboxMissing → a line for staff, who write it into the address book."""
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(digest_lines.mailbox_missing(event.data, event.time), event.cause) for event in events])


async def call_member(tx: Tx, events: Sequence[Received[MemberInvited]]) -> None:
    """MemberInvited → the invitation to that meeting, once it has a date, to its mailbox and its people."""
    await _follow(tx, events)


async def call_member_off(tx: Tx, events: Sequence[Received[MemberUninvited]]) -> None:
    """MemberUninvited → the cancellation of that meeting, to them only."""
    await _follow(tx, events)


async def _follow(tx: Tx, events: Sequence[Received[Any]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    calls = {
        (event.data.enrolment_id, event.data.meeting.id): event.time if isinstance(event.data, MemberInvited) else None
        for event in events
    }
    await member_meetings.save(tx, calls)
    newest = {event.data.enrolment_id: event for event in events}
    looks = [Look("enrolment", one, event.uid, event.time) for one, event in sorted(newest.items())]
    await look_at_calendars(tx, looks, {event.uid: event.cause for event in newest.values()}, tx.now)
