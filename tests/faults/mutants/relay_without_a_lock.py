"""Relays that don't know of each other: whoever asks for the lock is told that it has it."""

from __future__ import annotations

from typing import Any

from shared.messaging import relay


async def granted(_self: relay.Relay, _connection: Any, _stop: Any) -> bool:
    return True


def apply() -> None:
    relay.Relay._acquire = granted
    relay._HELD = "SELECT $1::bigint > 0"
