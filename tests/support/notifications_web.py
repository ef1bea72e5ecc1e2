"""`notifications` as people outside meet it: its web role on a real port, over the database of a room for facts."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.assets import install_static
from services.notifications.app import SERVICE
from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.timers import TIMERS
from services.notifications.settings import Settings
from shared.base.ids import seed_ids
from shared.base.links import Links
from shared.base.passes import Reader, pass_path
from shared.runtime.running import Running
from shared.runtime.service import open_host
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)


@dataclass(slots=True)
class CalendarOffice:
    url: str
    desk: Room
    client: httpx.AsyncClient

    @property
    def links(self) -> Links:
        return self.desk.links

    def calendar_of(self, reader: Reader) -> str:
        """The path that a page leads this reader to."""
        return pass_path(self.links, "calendar", reader, self.desk.time)

    async def move_to(self, now: datetime) -> None:
        """Domain time of the service, and of the room."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        generation = (await self.client.get("/_clock", headers=headers)).json()["generation"] + 1
        moved = {"now": now.isoformat(), "generation": generation}
        answer = await self.client.post("/_clock", json=moved, headers=headers)
        assert answer.status_code == 200, answer.text
        self.desk.time = now


@pytest.fixture
async def calendar_office(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[CalendarOffice]:
    where = await database("notifications")
    settings = Settings(
        link_key_file=link_key_file,
        database_url=SecretStr(where.url),
        http_port=0,
        public_url="https://tovholder.example",
        api_tokens=SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
        static_dir=install_static(),
        simulated_start=START,
    )
    host = await open_host(SERVICE, settings)
    # Nobody sends what is told here, which would be a reason to take nothing more in.
    host.outbox._too_old = math.inf
    running = Running(host, "web")
    await running.start()
    desk = Room("notifications", host.pool, SUBSCRIPTIONS, TIMERS, START, links=settings.links)
    url = f"http://127.0.0.1:{running.port}"
    async with httpx.AsyncClient(base_url=url) as client:
        yield CalendarOffice(url, desk, client)
    await running.stop()
    seed_ids(None)
