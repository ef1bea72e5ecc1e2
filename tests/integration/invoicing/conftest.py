"""Invoicing's use cases on a database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.timers import TIMERS
from tests.support.room import Room, open_room
from tests.support.servers import MakeDatabase


@pytest.fixture
async def books(database: MakeDatabase) -> AsyncIterator[Room]:
    room = await open_room("invoicing", database, SUBSCRIPTIONS, TIMERS)
    yield room
    await room.pool.close()
