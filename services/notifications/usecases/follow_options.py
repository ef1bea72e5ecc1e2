"""What becomes of an option: the contact is told what it may say yes to and what it has, and staff read of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from services.notifications.adapters import enrolments, programmes
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.digest import DigestLine
from services.notifications.domain.letter import Letter
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import (
    OptionDelivered,
    OptionFact,
    OptionOrdered,
    OptionWithdrawn,
    QuoteDeclined,
    QuoteGiven,
    QuoteLapsed,
    QuoteReminderDue,
)
from shared.contracts.parties import Contact
from shared.storage.tx import Tx

F = TypeVar("F", bound=OptionFact)


async def send_quote(tx: Tx, events: Sequence[Received[QuoteGiven]]) -> None:
    await _write(tx, events, letters.quote_given)


async def remind_of_quote(tx: Tx, events: Sequence[Received[QuoteReminderDue]]) -> None:
    await _write(tx, events, letters.quote_awaited)


async def confirm_order(tx: Tx, events: Sequence[Received[OptionOrdered]]) -> None:
    await _write(tx, events, letters.option_ordered)
    await _note(tx, events, digest_lines.option_ordered)


async def confirm_option_withdrawal(tx: Tx, events: Sequence[Received[OptionWithdrawn]]) -> None:
    """Where all of the enrolment has ended, its own letter says so."""
    await _write(tx, [one for one in events if one.data.reason == "withdrawn"], letters.option_withdrawn)
    await _note(tx, events, digest_lines.option_withdrawn)


async def confirm_delivery(tx: Tx, events: Sequence[Received[OptionDelivered]]) -> None:
    await _write(tx, events, letters.option_delivered)


async def note_declined_quote(tx: Tx, events: Sequence[Received[QuoteDeclined]]) -> None:
    await _note(tx, events, digest_lines.quote_declined)


async def note_lapsed_quote(tx: Tx, events: Sequence[Received[QuoteLapsed]]) -> None:
    await _note(tx, events, digest_lines.quote_lapsed)


async def _write(tx: Tx, events: Sequence[Received[F]], letter: Callable[[F, Contact, datetime], Letter]) -> None:
    """To whom the fact names, else to the contact that is known: other systems need not name anybody."""
    unnamed = {event.data.enrolment_id for event in events if event.data.contact is None}
    known = await enrolments.load(tx, unnamed) if unnamed else {}
    written = []
    for event in events:
        before = known.get(event.data.enrolment_id)
        contact = event.data.contact or (before.contact if before else None)
        if contact is not None:
            written.append((letter(event.data, contact, event.time), event.cause))
    await write_letters(tx, written)


async def _note(tx: Tx, events: Sequence[Received[F]], line: Callable[[F, datetime], DigestLine]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(line(event.data, event.time), event.cause) for event in events])
