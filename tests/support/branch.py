"""A service other than `enrollment` as staff meet it: its web role on a real port, over the same database as a room for
its use cases. Whoever comes has a badge, as if they had signed in at the other one.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext
from pydantic import SecretStr

from deploy.local.assets import install_static
from deploy.local.ed25519 import public_key
from shared.base.clock import machine_now
from shared.base.ids import seed_ids
from shared.contracts.staff import EVERYWHERE, Role
from shared.runtime.running import Running
from shared.runtime.service import Host, open_host
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from tests.support.browser import visitor
from tests.support.once import NO_TLS
from tests.support.room import Room
from tests.support.servers import MakeDatabase
from tests.support.workplace import typed

START = datetime(2021, 1, 11, 9, tzinfo=UTC)
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)
SEED = bytes(range(32))


@dataclass(slots=True)
class Branch:
    """`room` tells it facts and rings its timers; its clock is the room's after `move_clock`."""

    url: str
    host: Host
    room: Room
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def badge(self, role: Role, programme_id: str = EVERYWHERE, subject: str = "") -> str:
        """The cookie of somebody with this role."""
        roles = {programme_id: frozenset({role})}
        badge = Badge(subject or f"who-is-{role}", "a-session", 0, roles, lasts_until(machine_now()))
        return Signer(SEED).sign(badge, machine_now())

    def nobody(self) -> httpx.AsyncClient:
        """The browser of somebody who is not signed in."""
        return self._browser({})

    def comes(self, role: Role, programme_id: str = EVERYWHERE) -> httpx.AsyncClient:
        """The browser of somebody with this role."""
        return self._browser({"Cookie": f"{COOKIE}={self.badge(role, programme_id)}"})

    def _browser(self, headers: Mapping[str, str]) -> httpx.AsyncClient:
        client = httpx.AsyncClient(verify=NO_TLS, base_url=self.url, headers=headers, trust_env=False)
        self.browsers.append(client)
        return client

    async def chromium(
        self, browser: Browser, role: Role, *, width: str = "desktop", scripts: bool = True
    ) -> BrowserContext:
        """A real browser of somebody with this role."""
        context = await visitor(browser, self, width=width, scripts=scripts)
        await context.add_cookies(
            [
                {
                    "name": COOKIE,
                    "value": self.badge(role),
                    "url": self.url.replace("http:", "https:"),
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )
        return context

    async def move_clock(self) -> None:
        """Domain time of the service, to that of the room."""
        await set_clock(self.url, self.room.time)


async def set_clock(url: str, now: datetime) -> None:
    """Domain time of the service at `url`, by the token of staff."""
    who = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(verify=NO_TLS, base_url=url, headers=who, trust_env=False) as client:
        generation = (await client.get("/_clock")).json()["generation"] + 1
        answer = await client.post("/_clock", json={"now": now.isoformat(), "generation": generation})
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def open_branch(
    name: str,
    database: MakeDatabase,
    link_key_file: Path,
    folder: Path,
    *,
    seed: bytes = SEED,
    start: datetime = START,
    **more: object,
) -> AsyncIterator[Branch]:
    """`seed` is the key of the badges that it takes, `start` where its clock stands, `more` are settings of its own."""
    where = await database(name)
    keys = folder / f"public-{name}"
    keys.write_text(public_key(seed).hex())
    service = importlib.import_module(f"services.{name}.app").SERVICE
    entrypoints = f"services.{name}.entrypoints"
    settings = service.settings(
        **{
            "database_url": SecretStr(where.url),
            "http_port": 0,
            "link_key_file": link_key_file,
            "session_public_keys_file": keys,
            "api_tokens": SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
            "static_dir": install_static(),
            "simulated_start": start,
            **more,
        }
    )
    host = await open_host(service, settings)
    # Nobody sends what is told here, which would be a reason to take nothing more in.
    host.outbox._too_old = math.inf
    running = Running(host, "web")
    await running.start()
    room = Room(
        name,
        host.pool,
        importlib.import_module(f"{entrypoints}.kafka").SUBSCRIPTIONS,
        importlib.import_module(f"{entrypoints}.timers").TIMERS,
        start,
        links=settings.links,
    )
    branch = Branch(f"http://127.0.0.1:{running.port}", host, room)
    try:
        yield branch
    finally:
        for one in branch.browsers:
            await one.aclose()
        await running.stop()
        seed_ids(None)


@pytest.fixture
async def diary_office(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[Branch]:
    """`scheduling`."""
    async with open_branch("scheduling", database, link_key_file, tmp_path) as branch:
        yield branch


@pytest.fixture
async def money_office(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[Branch]:
    """`invoicing`."""
    async with open_branch("invoicing", database, link_key_file, tmp_path) as branch:
        yield branch


def text(answer: httpx.Response) -> str:
    """As it is read: without tags, with single blanks."""
    body = answer.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def rows(answer: httpx.Response) -> list[str]:
    """The row headers of its tables that are links."""
    return [unescape(one) for one in re.findall(r'<th scope="row"><a [^>]+>([^<]+)</a>', answer.text)]


async def looked(browser: httpx.AsyncClient, path: str, **said: str) -> httpx.Response:
    """What the page says would come of it: at once where it asks for nothing."""
    shown = await browser.get(path)
    if not said:
        return shown
    return await browser.post(path, data=typed(shown.text, _se="1", **said))


async def done(browser: httpx.AsyncClient, path: str, **said: str) -> httpx.Response:
    """The button is pressed on the page that says what will come of it."""
    shown = await looked(browser, path, **said)
    assert shown.status_code == 200, text(shown)
    return await browser.post(path, data={**typed(shown.text), **said})
