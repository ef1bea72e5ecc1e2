"""IntakeRejected, told by one of the others → staff read what was asked for and why it was not done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from services.notifications.adapters import digest_items
from services.notifications.domain import digest_lines
from shared.contracts.event import IntakeRejected
from shared.messaging.envelope import Received
from shared.storage.tx import Tx

R = TypeVar("R", bound=IntakeRejected)


async def note_refusal(tx: Tx, events: Sequence[Received[R]]) -> None:
    await digest_items.add(tx, [(digest_lines.rejected(event.data, event.time), event.cause) for event in events])
