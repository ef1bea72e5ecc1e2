"""Scheduling's use cases on a database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.scheduling.entrypoints.kafka import SUBSCRIPTIONS
from services.scheduling.entrypoints.timers import TIMERS
from tests.support.branch import diary_office
from tests.support.room import Room, open_room
from tests.support.servers import MakeDatabase

__all__ = ["diary", "diary_office"]


@pytest.fixture
async def diary(database: MakeDatabase) -> AsyncIterator[Room]:
    room = await open_room("scheduling", database, SUBSCRIPTIONS, TIMERS)
    yield room
    await room.pool.close()
