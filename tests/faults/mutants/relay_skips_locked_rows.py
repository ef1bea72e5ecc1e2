"""Relays share the outbox by SKIP LOCKED instead of one lock: two of them send one key's events in any order."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from shared.messaging import relay
from tests.support.eventually import eventually

OVERTAKEN_S = 5.0
_SCAN = "SELECT id, topic, key, payload FROM outbox ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
_FIRST = "SELECT NOT EXISTS (SELECT FROM outbox WHERE topic = $1 AND key = $2 AND id < $3)"
_OVERTAKEN = "SELECT EXISTS (SELECT FROM outbox_sent WHERE topic = $1 AND key = $2 AND id > $3)"


async def granted(_self: relay.Relay, _connection: Any, _stop: Any) -> bool:
    return True


async def drain(self: relay.Relay, connection: Any, sender: relay.Sender) -> bool:
    async with connection.transaction():
        rows = await connection.fetch(_SCAN)
        if not rows:
            return False
        this = rows[0]["topic"], rows[0]["key"], rows[0]["id"]
        if await connection.fetchval(_FIRST, *this):
            # The other one may be faster; nothing in the database says that it should wait.
            with suppress(AssertionError):
                await eventually(lambda: connection.fetchval(_OVERTAKEN, *this), OVERTAKEN_S)
        result = await self._settle(connection, await self._put(sender, rows))
        await connection.execute(relay._MOVE, result.acked)
    return True


def apply() -> None:
    relay.Relay._acquire = granted
    relay._HELD = "SELECT $1::bigint > 0"
    relay.Relay._drain = drain
