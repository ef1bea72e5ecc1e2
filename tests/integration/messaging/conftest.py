"""A reader on an empty database, and the same with topics of its own on the broker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.contracts.event import INTAKE_TOPIC
from tests.integration.messaging.harness import Reader, empty, make_topics
from tests.support.servers import Database, Templates


@pytest.fixture(scope="session")
async def _emptied(_templates: Templates) -> AsyncIterator[Database]:
    made = await _templates.fresh("notifications")
    yield made
    await _templates.drop(made.name)


@pytest.fixture
async def emptied(_emptied: Database) -> Database:
    """A service's database without a row."""
    await empty(_emptied)
    return _emptied


@pytest.fixture
async def reader(emptied: Database, prefix: str) -> AsyncIterator[Reader]:
    """Given its records from the hand; it talks to no broker."""
    async with asyncpg.create_pool(emptied.url, min_size=1, max_size=4) as pool:
        reader = Reader(emptied, pool, "", prefix)
        yield reader
        await reader.consumer._disconnect()


@pytest.fixture
async def kafka_reader(emptied: Database, prefix: str, kafka: str) -> AsyncIterator[Reader]:
    """Reads from topics of its own."""
    await make_topics(kafka, f"{prefix}tovholder.invoicing", f"{prefix}{INTAKE_TOPIC}")
    async with asyncpg.create_pool(emptied.url, min_size=1, max_size=4) as pool:
        yield Reader(emptied, pool, kafka, prefix)
