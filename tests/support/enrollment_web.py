"""`enrollment` as people meet it: its web role on a real port, over the same database as the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.assets import install_static
from services.enrollment.app import SERVICE
from services.enrollment.settings import Settings
from shared.base.ids import seed_ids
from shared.contracts.enrollment import EnrolmentReceived, MunicipalityEnrolled
from shared.runtime.running import Running
from shared.runtime.service import open_host
from tests.support.branch import TOKEN, set_clock
from tests.support.enrollment_desk import Desk
from tests.support.mailboxes import Mailboxes
from tests.support.once import NO_TLS
from tests.support.servers import MakeDatabase

SCOPED = "a-crm"
OTHER = "a-cms"
"""Another client with the same rights."""


@dataclass(slots=True)
class Town:
    """`desk` sees what was told, and its time follows the service's."""

    url: str
    desk: Desk
    client: httpx.AsyncClient
    """As a browser of whoever has shown that they read their mailbox."""
    mailboxes: Mailboxes
    keys: int = field(default=0)

    async def api(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        self.keys += 1
        ordinary = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"test-key-{self.keys:06d}"}
        sent = {**ordinary, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await self.client.request(method, f"/api/enrollment{path}", json=body or {}, headers=sent)

    async def move_to(self, now: datetime) -> None:
        """Domain time of the service, and of the desk."""
        await set_clock(self.url, now)
        self.desk.time = now

    async def mailed_path(self) -> str:
        """The path in the newest mail: the link that confirms, or the one to the participants' page."""
        for fact in reversed(await self.desk.told()):
            if isinstance(fact, EnrolmentReceived):
                return fact.confirm_path
            if isinstance(fact, MunicipalityEnrolled) and fact.participants_path:
                return fact.participants_path
        raise AssertionError("nothing with a link was told")


@pytest.fixture
async def town(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[Town]:
    where = await database("enrollment")
    settings = Settings(
        database_url=SecretStr(where.url),
        http_port=0,
        api_tokens=SecretStr(
            f"staff:{sha256(TOKEN.encode()).hexdigest()},crm:{sha256(SCOPED.encode()).hexdigest()}:enrol,"
            f"cms:{sha256(OTHER.encode()).hexdigest()}:enrol"
        ),
        link_key_file=link_key_file,
        static_dir=install_static(),
        trusted_proxies="127.0.0.1",
        simulated_start=datetime.fromisoformat("2020-06-01T08:00:00+00:00"),
    )
    host = await open_host(SERVICE, settings)
    running = Running(host, "web")
    await running.start()
    url = f"http://127.0.0.1:{running.port}"
    desk = Desk(host.pool, settings.links)
    mailboxes = Mailboxes(host.pool, settings.links)
    async with httpx.AsyncClient(verify=NO_TLS, base_url=url, event_hooks={"request": [mailboxes.before]}) as client:
        yield Town(url, desk, client, mailboxes)
    await running.stop()
    seed_ids(None)
