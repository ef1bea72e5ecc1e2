"""ClaimHeldBack → staff read what must be put right before the invoice can be issued."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain import digest_lines
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.invoicing import ClaimHeldBack
from shared.storage.tx import Tx


async def note_held_back(tx: Tx, events: Sequence[Received[ClaimHeldBack]]) -> None:
    await tell_staff(tx, [(digest_lines.held_back(event.data, event.time), event.cause) for event in events])
