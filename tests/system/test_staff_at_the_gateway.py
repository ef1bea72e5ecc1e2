"""The installation as `tovholder up` starts it: its own people sign in and are signed out at the gateway."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
import pytest

from deploy.local.oidc import server
from deploy.local.stack import Stack
from shared.web.badge import COOKIE
from tests.support.eventually import eventually
from tests.support.oidc import accounts_in, sign_in
from tests.support.workplace import ROLES, onward

ME, ACCESS = "/login/mig", "/stab/adgang"
BACK_CHANNEL = "/login/oidc/logud"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    living = Stack(tmp_path_factory.mktemp("staff") / "data")
    await asyncio.to_thread(living.start)
    try:
        yield living
    finally:
        await asyncio.to_thread(living.stop)


def browser(stack: Stack) -> httpx.AsyncClient:
    """As a real one it takes loopback for safe, and gives our cookies to every port of the machine."""
    jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))

    async def as_safe(request: httpx.Request) -> None:
        known = [one for one in jar if request.url.path.startswith(one.path)]
        if known:
            request.headers["Cookie"] = "; ".join(f"{one.name}={one.value}" for one in known)

    return httpx.AsyncClient(
        base_url=stack.addresses.gateway, cookies=jar, trust_env=False, event_hooks={"request": [as_safe]}
    )


async def enters(stack: Stack, client: httpx.AsyncClient, login: str) -> httpx.Response:
    account = accounts_in(Path(stack.addresses.oidc_accounts_file))[login]
    sent = await client.post("/login", data={"_key": secrets.token_hex(16), "til": ACCESS})
    return await sign_in(client, onward(sent), account)


@pytest.mark.parametrize(("role", "status"), [(role, 200 if role == "administrator" else 403) for role in ROLES])
async def test_each_of_the_accounts_comes_in_with_its_role_and_goes(stack: Stack, role: str, status: int) -> None:
    words = {"consultant": "Konsulent", "finance": "Økonomi", "operator": "Drift", "administrator": "Administrator"}
    async with browser(stack) as client:
        asked = await client.get(ACCESS)
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?til=%2Fstab%2Fadgang")
        came = await enters(stack, client, ROLES[role])
        assert (came.status_code, str(came.url)) == (status, f"{stack.addresses.gateway}{ACCESS}")
        me = (await client.get(ME)).text
        assert f"<dt>Alle forløb</dt><dd>{words[role]}</dd>" in me
        gone = await client.post("/login/ud", data={"_key": secrets.token_hex(16)})
        back = httpx.URL(onward(gone)).params["post_logout_redirect_uri"]
        assert back == f"{stack.addresses.gateway}/", "the provider leads to where people come from"
        assert (await client.get(ME)).status_code == 303


async def test_a_provider_that_reaches_only_the_gateway_ends_a_session_through_it(stack: Stack) -> None:
    gateway, issuer = stack.addresses.gateway, stack.addresses.oidc
    key = (Path(stack.addresses.data_dir) / "secrets" / server.CONTROL_KEY).read_text()
    async with browser(stack) as client, httpx.AsyncClient(trust_env=False, timeout=15) as provider:
        control = {"Authorization": f"Bearer {key}"}
        where = {"public_url": gateway, "back_channel": f"{gateway}{BACK_CHANNEL}"}
        assert (await provider.post(f"{issuer}/_control/serve", json=where, headers=control)).is_success
        assert (await enters(stack, client, "administrator")).status_code == 200
        badge = client.cookies.get(COOKIE)
        ended = await provider.post(f"{issuer}/_control/end", json={"account": "administrator"}, headers=control)
        assert {one["heard"] for one in ended.json()["told"]} == {True}

        async def is_out() -> bool:
            return (await client.get(ME)).status_code == 303

        await eventually(is_out, 20, because="whoever is signed out at the provider is signed out here")
        assert client.cookies.get(COOKIE) == badge, "it is refused, and not only dropped"
