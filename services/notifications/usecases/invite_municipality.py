"""MunicipalityInvited → the invitation to the programme, to each of the organisation's mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.adapters import programmes
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import InvitationReminderDue, MunicipalityInvited
from shared.storage.tx import Tx

Told = TypeVar("Told", MunicipalityInvited, InvitationReminderDue)


async def invite_municipality(tx: Tx, events: Sequence[Received[MunicipalityInvited]]) -> None:
    await _write(tx, events)


async def remind_silent_municipality(tx: Tx, events: Sequence[Received[InvitationReminderDue]]) -> None:
    """InvitationReminderDue → one more mail to whoever has not answered."""
    await _write(tx, events)


async def _write(tx: Tx, events: Sequence[Received[Told]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    written = [(letter, event.cause) for event in events for letter in letters.invitations(event.data, event.time)]
    await write_letters(tx, written)
