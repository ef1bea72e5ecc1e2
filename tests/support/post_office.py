"""`notifications` as staff meet it: a branch, in the browser of somebody who has a role there."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from lxml import html

from deploy.local.ports import HOST, free_ports
from shared.contracts.staff import EVERYWHERE, Role
from shared.runtime.service import Host
from shared.web.badge import COOKIE
from tests.support.branch import Branch, open_branch
from tests.support.facts import PROGRAMME
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
HERE = f"/notifications/stab/forloeb/{PROGRAMME.id}"
ANE = "ane"


@dataclass(slots=True)
class PostOffice:
    """`desk` hears what is told to the service, and rings its timers. Whoever comes next is Ane, as `role`."""

    branch: Branch
    client: httpx.AsyncClient
    role: Role = "consultant"
    programme_id: str = EVERYWHERE

    @property
    def url(self) -> str:
        return self.branch.url

    @property
    def desk(self) -> Room:
        return self.branch.room

    @property
    def host(self) -> Host:
        return self.branch.host

    @property
    def cookie(self) -> str:
        return self.branch.badge(self.role, self.programme_id, ANE)

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
        return self.host.settings.links.sign("form of staff", ANE)


def words(page: httpx.Response) -> str:
    """What the page's own part says, on one line."""
    return " ".join(html.fromstring(page.text).xpath("//main")[0].text_content().split())


@pytest.fixture
async def post_office(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[PostOffice]:
    (port,) = free_ports(1)
    # Links in mails lead to where it is reached.
    reached = {"http_port": port, "public_url": f"http://{HOST}:{port}"}
    async with open_branch("notifications", database, link_key_file, tmp_path, start=START, **reached) as branch:
        yield PostOffice(branch, branch.nobody())
