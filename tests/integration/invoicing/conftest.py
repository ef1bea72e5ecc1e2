"""Invoicing's use cases on a database of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.timers import TIMERS
from shared.runtime.settings import ServiceSettings
from tests.support.invoicing_web import counting_house
from tests.support.link_key import link_key
from tests.support.room import Room, open_room
from tests.support.servers import MakeDatabase

__all__ = ["books", "counting_house", "link_key"]


@pytest.fixture
async def books(database: MakeDatabase, link_key: None) -> AsyncIterator[Room]:  # noqa: ARG001  (the key must be there)
    room = await open_room("invoicing", database, SUBSCRIPTIONS, TIMERS, ServiceSettings().links)
    yield room
    await room.pool.close()
