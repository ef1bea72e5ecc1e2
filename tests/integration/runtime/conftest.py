"""The toy service, ready to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from shared.base import log as logs
from shared.runtime.service import streams_of
from shared.storage.migrate import migrate
from tests.support.servers import Database, Templates
from tests.support.toy import SERVICE, Desk, a_desk

WRITTEN = (
    *("things", "rung", "outbox", "outbox_sent", "stream_out", "timers", "starts"),
    *("http_requests", "audit", "attempts", "simulated_clock", "client_tokens", "clients", "client_sources"),
)


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    """structlog's own way draws every local variable of every frame, which takes seconds."""
    structlog.configure(processors=[logs.describe_exception, logs.keep_secrets, structlog.processors.JSONRenderer()])


@pytest.fixture(scope="session")
async def _toy_database(_templates: Templates) -> AsyncIterator[Database]:
    made = await _templates.fresh(None)
    await migrate(made.owner_url, streams_of(SERVICE), "test_any")
    yield made
    await _templates.drop(made.name)


@pytest.fixture
async def toy_database(_toy_database: Database) -> Database:
    """A migrated database of the toy's, with nothing in it; the same one for all tests that need no other."""
    connection = await asyncpg.connect(_toy_database.url)
    try:
        await connection.execute(";".join(f"DELETE FROM {table}" for table in WRITTEN))
    finally:
        await connection.close()
    return _toy_database


@pytest.fixture
async def desk(toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:
    async with a_desk(toy_database, link_key_file) as open_desk:
        yield open_desk
