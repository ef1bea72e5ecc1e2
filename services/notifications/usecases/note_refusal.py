"""IntakeRejected, told by one of the others → staff read what was asked for and why it was not done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.domain import digest_lines
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.event import IntakeRejected
from shared.storage.tx import Tx

R = TypeVar("R", bound=IntakeRejected)


async def note_refusal(tx: Tx, events: Sequence[Received[R]]) -> None:
    await tell_staff(tx, [(digest_lines.rejected(event.data, event.time), event.cause) for event in events])
