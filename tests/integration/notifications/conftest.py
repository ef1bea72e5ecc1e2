"""Notifications' use cases on a database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.timers import TIMERS
from tests.support.notifications_web import calendar_office
from tests.support.post_office import post_office
from tests.support.room import Room, open_room
from tests.support.servers import MakeDatabase

__all__ = ["calendar_office", "desk", "post_office"]


@pytest.fixture
async def desk(database: MakeDatabase) -> AsyncIterator[Room]:
    room = await open_room("notifications", database, SUBSCRIPTIONS, TIMERS)
    yield room
    await room.pool.close()


__all__ = ["calendar_office", "desk", "post_office"]
