"""What every service does when somebody is signed out: it takes no badge of an earlier epoch from then on."""

from __future__ import annotations

from collections.abc import Sequence

from shared.base.cloudevents import Received
from shared.contracts.enrollment import SessionsRevoked
from shared.storage.sessions import keep_epochs
from shared.storage.tx import Tx


async def follow_sessions(tx: Tx, events: Sequence[Received[SessionsRevoked]]) -> None:
    """SessionsRevoked → badges of an earlier epoch open nothing here."""
    highest: dict[str, int] = {}
    for event in events:
        told = event.data
        highest[told.person_id] = max(told.epoch, highest.get(told.person_id, 0))
    await keep_epochs(tx, highest)
