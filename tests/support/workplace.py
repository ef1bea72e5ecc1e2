"""`enrollment` as staff meet it: its web role on a real port, with the local provider to sign in at."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import cast

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.assets import install_static
from deploy.local.ed25519 import public_key
from deploy.local.ports import HOST, free_ports
from services.enrollment.adapters.identity_provider import Identity, IdentityProvider
from services.enrollment.app import SERVICE
from services.enrollment.domain.session import browser_of
from services.enrollment.pages.login import SESSION_COOKIE
from services.enrollment.settings import Settings
from services.enrollment.usecases.sign_in import CameBack, SignIns
from shared.base.clock import machine_now
from shared.base.ids import seed_ids
from shared.runtime.running import Running
from shared.runtime.service import Host, open_host
from shared.web.badge import COOKIE, Badge, Reader, Signer
from tests.support.enrollment_desk import Desk
from tests.support.oidc import Account, Provider, sign_in
from tests.support.once import NO_TLS
from tests.support.servers import MakeDatabase

ROLES = {
    "consultant": "konsulent",
    "finance": "oekonomi",
    "operator": "drift",
    "administrator": "administrator",
}
"""The login of whoever has a role in all programmes."""


def a_browser(url: str, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """As a real one it takes loopback for safe, which httpx does not."""
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))

    async def as_safe(request: httpx.Request) -> None:
        known = [one for one in jar if request.url.path.startswith(one.path)]
        if known:
            request.headers["Cookie"] = "; ".join(f"{one.name}={one.value}" for one in known)

    return httpx.AsyncClient(
        verify=NO_TLS, base_url=url, cookies=jar, headers=headers, trust_env=False, event_hooks={"request": [as_safe]}
    )


@dataclass(slots=True)
class Workplace:
    """`desk` sees what was told, in the service's database."""

    url: str
    desk: Desk
    host: Host
    provider: Provider
    seed: bytes
    public_keys_file: Path
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def signer(self) -> Signer:
        return Signer(self.seed)

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """One of its own, with no cookie yet."""
        client = a_browser(self.url, headers)
        self.browsers.append(client)
        return client

    async def signed_in(self, role: str, browser: httpx.AsyncClient | None = None) -> httpx.AsyncClient:
        """The browser of somebody with this role, who has just come in: as after `enters`, which has the provider's
        pages between and costs twenty times as much.
        """
        client, account = browser or self.browser(), self.provider.accounts[ROLES[role]]
        identity = Identity(self.provider.issuer, account.sub, account.name, account.email, None)
        settings = cast(Settings, self.host.settings)
        vouched = cast(IdentityProvider, _Vouched(identity))
        sign_ins = SignIns(self.host.transaction, vouched, self.signer, settings.roles_of)
        _, state = await sign_ins.begin("/", machine_now())
        came, before = CameBack(state, secrets.token_hex(8)), client.cookies.get(SESSION_COOKIE)
        agent = browser_of(client.headers["User-Agent"])
        entered = await sign_ins.come_back(came, agent, before, machine_now(), _anybody)
        for name, value in ((SESSION_COOKIE, entered.secret), (COOKIE, entered.cookie)):
            client.cookies.set(name, value, domain=HOST, path="/")
        return client

    async def comes_in(self, role: str, browser: httpx.AsyncClient | None = None) -> httpx.AsyncClient:
        """`signed_in` by way of the provider, which knows the session then."""
        client = browser or self.browser()
        answer = await self.enters(client, self.provider.accounts[ROLES[role]])
        assert answer.status_code == 200, answer.text
        return client

    async def enters(self, client: httpx.AsyncClient, account: Account, til: str = "/login/inde") -> httpx.Response:
        """Presses the button, types name and password at the provider, and comes back."""
        sent = await client.post("/login", data={"_key": secrets.token_hex(16), "til": til})
        return await sign_in(client, onward(sent), account) if sent.status_code == 200 else sent

    def badge_of(self, client: httpx.AsyncClient) -> Badge | None:
        """As every service reads it from this browser's cookie."""
        cookie = client.cookies.get(COOKIE)
        return Reader([public_key(self.seed)]).read(cookie, datetime.fromtimestamp(0).astimezone()) if cookie else None


def onward(answer: httpx.Response) -> str:
    """The provider's address that a page of ours leads to by itself."""
    (address,) = re.findall(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', answer.text)
    return unescape(address)


def typed(form: str, **more: str) -> dict[str, str]:
    """What a form on this page sends: its hidden fields and `more`."""
    return {**hidden(form), **more}


def hidden(page: str) -> Mapping[str, str]:
    """The hidden fields of a page's forms; of several with one name the last one's."""
    return {
        part.partition('name="')[2].partition('"')[0]: unescape(part.partition('value="')[2].partition('"')[0])
        for part in page.split("<input")
        if 'type="hidden"' in part.partition(">")[0]
    }


@dataclass(frozen=True, slots=True)
class _Vouched:
    """A provider that has let somebody in and says who it was."""

    identity: Identity

    async def authorization_url(self, *_: str) -> str:
        return self.identity.issuer

    async def identify(self, *_: str) -> Identity:
        return self.identity


async def _anybody(_: str) -> None:
    """Nobody counts the tries."""


@asynccontextmanager
async def open_workplace(
    database: MakeDatabase, link_key_file: Path, provider: Provider, folder: Path, **more: str
) -> AsyncIterator[Workplace]:
    """With `kafka` and `prefix` (as settings name them) the whole service runs, and else its web role alone."""
    where = await database("enrollment")
    (port,) = free_ports(1)
    url, seed = f"http://{HOST}:{port}", secrets.token_bytes(32)
    key, public = folder / "session-key", folder / "session-public-keys"
    key.write_text(seed.hex())
    public.write_text(public_key(seed).hex())
    settings = Settings(
        database_url=SecretStr(where.url),
        http_port=port,
        public_url=url,
        link_key_file=link_key_file,
        static_dir=install_static(),
        trusted_proxies="127.0.0.1",
        oidc_issuer=provider.issuer,
        oidc_client_id=provider.client_id,
        oidc_client_secret=SecretStr(provider.client_secret),
        session_key_file=key,
        session_public_keys_file=public,
        staff_roles=" ".join(f"{role}={provider.accounts[login].email}" for role, login in ROLES.items()),
        simulated_start=datetime.fromisoformat("2020-06-01T08:00:00+00:00"),
        **more,  # type: ignore[arg-type]  # texts, as the environment has them
    )
    await provider.serve(url, back_channel=f"{url}/login/oidc/logud")
    host = await open_host(SERVICE, settings)
    running = Running(host, "all" if more else "web")
    await running.start()
    place = Workplace(url, Desk(host.pool, settings.links), host, provider, seed, public)
    try:
        yield place
    finally:
        for one in place.browsers:
            await one.aclose()
        await running.stop()
        seed_ids(None)


@pytest.fixture
async def workplace(
    database: MakeDatabase, link_key_file: Path, oidc_provider: Provider, tmp_path: Path
) -> AsyncIterator[Workplace]:
    async with open_workplace(database, link_key_file, oidc_provider, tmp_path) as place:
        yield place
