"""`invoicing` as staff meet it: its web role on a real port, over the same database as a room for its use cases."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.assets import install_static
from services.invoicing.app import SERVICE
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.timers import TIMERS
from services.invoicing.settings import Settings
from shared.base.ids import seed_ids
from shared.runtime.running import Running
from shared.runtime.service import open_host
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)


@dataclass(slots=True)
class CountingHouse:
    url: str
    books: Room
    client: httpx.AsyncClient

    async def page_of(self, invoice_id: str) -> str:
        """The path that staff are given for this invoice."""
        asked = f"/api/invoicing/invoices/{invoice_id}/page"
        answer = await self.client.get(asked, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text
        return urlsplit(str(answer.json()["url"])).path

    async def move_clock(self) -> None:
        """Domain time of the service, to that of the room."""
        generation = (await self.client.get("/_clock", headers={"Authorization": f"Bearer {TOKEN}"})).json()[
            "generation"
        ] + 1
        moved = {"now": self.books.time.isoformat(), "generation": generation}
        answer = await self.client.post("/_clock", json=moved, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def counting_house(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[CountingHouse]:
    where = await database("invoicing")
    settings = Settings(
        link_key_file=link_key_file,
        database_url=SecretStr(where.url),
        http_port=0,
        api_tokens=SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
        static_dir=install_static(),
        simulated_start=START,
    )
    host = await open_host(SERVICE, settings)
    # Nobody sends what is told here, which would be a reason to take nothing more in.
    host.outbox._too_old = math.inf
    running = Running(host, "web")
    await running.start()
    books = Room("invoicing", host.pool, SUBSCRIPTIONS, TIMERS, START, links=settings.links)
    url = f"http://127.0.0.1:{running.port}"
    async with httpx.AsyncClient(base_url=url) as client:
        yield CountingHouse(url, books, client)
    await running.stop()
    seed_ids(None)
