"""Invoicing's use cases on a database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.timers import TIMERS
from shared.base.links import Links
from tests.support.branch import money_office
from tests.support.invoicing_web import counting_house
from tests.support.room import Room, open_room
from tests.support.servers import MakeDatabase

__all__ = ["books", "counting_house", "money_office"]


@pytest.fixture
async def books(database: MakeDatabase, links: Links) -> AsyncIterator[Room]:
    room = await open_room("invoicing", database, SUBSCRIPTIONS, TIMERS, links)
    yield room
    await room.pool.close()
