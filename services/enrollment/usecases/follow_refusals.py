"""Keeps which mailboxes of the address book refuse mails, as whoever sends them has told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.enrollment.adapters import book
from services.enrollment.domain.book import refused_mailbox
from shared.base.cloudevents import Received
from shared.storage.tx import Tx


async def follow_refusals(tx: Tx, events: Sequence[Received[Any]]) -> None:
    """What was sent to a person is theirs, and none of the book's."""
    told = [(refused_mailbox(event.data), event.time) for event in events]
    await book.note_refusals(tx, [(one.code, one.role, at, one.because) for one, at in told if one is not None])
