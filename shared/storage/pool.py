"""Connections to PostgreSQL. Every one has time limits, so that nothing waits for ever."""

from __future__ import annotations

import asyncpg

from shared.storage.tx import Connection, Pool

COMMAND_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 5.0
AWAY = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.ConnectionFailureError,
    asyncpg.TooManyConnectionsError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.exceptions.ClientConfigurationError,
)
"""What asyncpg raises, beside OSError, when the database cannot be had: nothing of it is a fault of a statement."""
SETTINGS = {
    "search_path": "public",
    "timezone": "UTC",
    # A transaction that nobody goes on with holds locks and stops vacuum.
    "idle_in_transaction_session_timeout": "30s",
    "lock_timeout": "20s",
}


async def connect(dsn: str, name: str, *, settings: dict[str, str] | None = None) -> Connection:
    """One connection of its own, for a loop that lives long (a pool costs a reset per use).

    Plans are made for each execution: a generic plan made while a table was empty reads a whole index for as long as
    the connection lives (90 ms instead of 2 ms per batch), and planning one of these statements costs about 50 µs.
    """
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={
            **SETTINGS,
            "application_name": name,
            "plan_cache_mode": "force_custom_plan",
            **(settings or {}),
        },
    )


async def close(connection: Connection) -> None:
    """Close it, whatever state it is in: one that was cut in the middle of something cannot say goodbye."""
    try:
        await connection.close(timeout=CLOSE_TIMEOUT_S)
    except Exception:  # noqa: BLE001  (asyncpg has no common class for what a cut connection may raise)
        connection.terminate()


class _Plain(asyncpg.Connection):
    """Given back as it is: nothing here changes a session's settings, and a reset costs a round trip per use.

    A transaction that somebody left open is rolled back all the same, by asyncpg.
    """

    def get_reset_query(self) -> str:
        return ""


async def open_pool(dsn: str, name: str, *, size: int = 8) -> Pool:
    """Connections for requests. Idle ones are closed after five minutes."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        connection_class=_Plain,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={**SETTINGS, "application_name": name, "plan_cache_mode": "force_custom_plan"},
    )


async def count_start(connection: Connection, role: str) -> int:
    """How often `role` of this service has started on these data, this time included."""
    count: int = await connection.fetchval(
        "INSERT INTO starts AS s (role, count) VALUES ($1, 1) "
        "ON CONFLICT (role) DO UPDATE SET count = s.count + 1 RETURNING count",
        role,
    )
    return count
