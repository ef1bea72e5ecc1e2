"""`notifications` as staff meet it: its web role on a real port, over the same database as a room for its use cases."""

from __future__ import annotations

import math
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from lxml import html
from pydantic import SecretStr

from deploy.local.assets import install_static
from deploy.local.ed25519 import public_key
from deploy.local.ports import HOST, free_ports
from services.notifications.app import SERVICE
from services.notifications.entrypoints.kafka import SUBSCRIPTIONS
from services.notifications.entrypoints.timers import TIMERS
from services.notifications.settings import Settings
from shared.base.clock import machine_now
from shared.base.ids import seed_ids
from shared.contracts.staff import EVERYWHERE, Role
from shared.runtime.running import Running
from shared.runtime.service import Host, open_host
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from tests.support.facts import PROGRAMME
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
HERE = f"/notifications/stab/forloeb/{PROGRAMME.id}"


@dataclass(slots=True)
class PostOffice:
    """`desk` hears what is told to the service, and rings its timers."""

    url: str
    desk: Room
    host: Host
    seed: bytes
    client: httpx.AsyncClient
    role: Role = "consultant"
    programme_id: str = EVERYWHERE
    sent: int = field(default=0)

    @property
    def badge(self) -> Badge:
        """Of whoever comes next."""
        return Badge("ane", "s", 0, {self.programme_id: frozenset({self.role})}, lasts_until(machine_now()))

    @property
    def cookie(self) -> str:
        return Signer(self.seed).sign(self.badge, machine_now())

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, headers={"Cookie": f"{COOKIE}={self.cookie}"}, **more)

    async def post(self, path: str, fields: dict[str, Any], **more: Any) -> httpx.Response:
        """As a form of ours sends it."""
        own = {"_key": secrets.token_hex(16), "_csrf": self.csrf}
        headers = {"Cookie": f"{COOKIE}={self.cookie}"}
        if more:
            return await self.client.post(path, data={**own, **fields}, headers=headers, **more)
        body = urlencode({**own, **fields}, doseq=True, errors="surrogatepass").encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.client.post(path, content=body, headers=headers)

    @property
    def csrf(self) -> str:
        return self.host.settings.links.sign("form of staff", self.badge.subject)


def words(page: httpx.Response) -> str:
    """What the page's own part says, on one line."""
    return " ".join(html.fromstring(page.text).xpath("//main")[0].text_content().split())


@pytest.fixture
async def post_office(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[PostOffice]:
    where = await database("notifications")
    (port,) = free_ports(1)
    url, seed = f"http://{HOST}:{port}", secrets.token_bytes(32)
    keys = tmp_path / "session-public-keys"
    keys.write_text(public_key(seed).hex())
    settings = Settings(
        link_key_file=link_key_file,
        database_url=SecretStr(where.url),
        http_port=port,
        public_url=url,
        static_dir=install_static(),
        session_public_keys_file=keys,
        simulated_start=START,
    )
    host = await open_host(SERVICE, settings)
    # Nobody sends what is told here, which would be a reason to take nothing more in.
    host.outbox._too_old = math.inf
    running = Running(host, "web")
    await running.start()
    desk = Room("notifications", host.pool, SUBSCRIPTIONS, TIMERS, START, links=settings.links)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield PostOffice(url, desk, host, seed, client)
    await running.stop()
    seed_ids(None)
