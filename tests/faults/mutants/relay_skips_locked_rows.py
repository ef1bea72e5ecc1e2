"""Relays share the outbox by SKIP LOCKED instead of one lock: two of them send one key's events in any order."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.messaging import relay

_SCAN = "SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"


async def granted(_self: relay.Relay, _connection: Any, _stop: Any) -> bool:
    return True


async def drain(self: relay.Relay, connection: Any, sender: relay.Sender) -> bool:
    async with connection.transaction():
        rows = await connection.fetch(_SCAN)
        if not rows:
            return False
        # The other one may be faster; nothing in the database says that it should wait.
        await asyncio.sleep(0.3 if rows[0]["id"] % 3 == 0 else 0.02)
        result = await self._settle(connection, await self._put(sender, rows))
        await connection.execute(relay._MOVE, result.acked)
    return True


def apply() -> None:
    relay.Relay._acquire = granted
    relay._HELD = "SELECT $1::bigint > 0"
    relay.Relay._drain = drain
