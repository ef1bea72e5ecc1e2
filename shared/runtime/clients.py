"""What every service does when a client of the API is changed: its tokens open what they may, and no others."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from shared.base.cloudevents import Received
from shared.contracts.enrollment import ClientChanged
from shared.storage.tx import Tx
from shared.web.clients import keep_clients

_log = structlog.get_logger()


async def follow_clients(tx: Tx, events: Sequence[Received[ClientChanged]]) -> None:
    """ClientChanged → its tokens and sources are here as they are in enrollment, in whatever order it is heard."""
    if others := await keep_clients(tx.connection, [event.data for event in events]):
        # Else it would be shown what that one put in, and be given its answers again.
        _log.error("token_name_taken", alarm=True, who=[f"token/{name}" for name in others])
