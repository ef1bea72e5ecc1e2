"""Whoever is signed out in `enrollment`, or may do less, is so in the other services within seconds: over Kafka."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from deploy.local.locations import ROOT
from services.scheduling.app import SERVICE
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.runtime.running import Running
from shared.runtime.service import Host, open_host
from shared.storage.sessions import keep_epochs
from shared.web.badge import COOKIE
from shared.web.staff import render, staff_page
from tests.support.beside import Beside, beside
from tests.support.eventually import eventually
from tests.support.workplace import Workplace, typed

PAGE = "/scheduling/en-side"
ACCESS, ME = "/stab/adgang", "/login/mig"
__all__ = ["beside"]
SECONDS = 20
HANDBOOK = ROOT / "docs" / "operations.md"


async def _shown(host: Host, request: Request) -> Response:
    return render(host, request, "web/no_role.html")


def _pages(host: Host) -> Sequence[BaseRoute]:
    """A page as every service may have it, for whoever may change who may do what."""
    return (partial(staff_page, host)(PAGE, _shown, opens="enrollment.staff"),)


@dataclass(frozen=True, slots=True)
class Both:
    """`front` signs people in; `other` is another service beside it, with a page for staff."""

    front: Workplace
    other: str
    scheduling: Host

    async def shown(self, badge: str) -> int:
        """What the other service answers to whoever comes with this cookie, taken from a browser before."""
        async with httpx.AsyncClient(base_url=self.other, trust_env=False) as client:
            return (await client.get(PAGE, headers={"Cookie": f"{COOKIE}={badge}"})).status_code

    async def is_refused(self, badge: str) -> None:
        async def is_it() -> bool:
            return await self.shown(badge) == 303

        await eventually(is_it, SECONDS, because="the other service takes the badge no more")


def badge_in(browser: httpx.AsyncClient) -> str:
    return browser.cookies.get(COOKIE) or ""


@pytest.fixture
async def both(beside: Beside) -> AsyncIterator[Both]:
    host = await open_host(replace(SERVICE, pages=_pages), beside.settings)
    running = Running(host)
    await running.start()
    yield Both(beside.front, f"http://127.0.0.1:{running.port}", host)
    await running.stop()


async def test_whoever_signs_out_is_signed_out_of_every_service(both: Both) -> None:
    browser = await both.front.signed_in("administrator")
    badge = badge_in(browser)
    assert await both.shown(badge) == 200
    assert (await browser.post("/login/ud", data=typed((await browser.get(ME)).text))).status_code == 200
    await both.is_refused(badge)

    await both.front.signed_in("administrator", browser)
    assert await both.shown(badge_in(browser)) == 200, "whoever comes in again does so everywhere"
    assert await both.shown(badge) == 303


async def test_a_role_that_is_taken_back_is_gone_from_every_service(both: Both) -> None:
    administrator = await both.front.signed_in("administrator")
    colleague = await both.front.signed_in("consultant")
    page = typed((await administrator.get(ACCESS)).text)
    email = both.front.provider.accounts["konsulent"].email
    for who in ("en.anden@tovholder.example", email):
        sent = {**page, "_key": f"{page['_key'][:-4]}{who[:4].replace('.', '0')}", "email": who}
        assert (await administrator.post(ACCESS, data={**sent, "role": "administrator"})).status_code == 303
    assert (await colleague.get(ACCESS)).status_code == 200
    badge = badge_in(colleague)
    assert await both.shown(badge) == 200

    grant = await both.front.host.pool.fetchval("SELECT id FROM role_grants WHERE account_id IS NOT NULL")
    path = f"{ACCESS}/{grant}"
    assert (await administrator.post(path, data=typed((await administrator.get(path)).text))).status_code == 303
    await both.is_refused(badge)
    assert (await colleague.get(ME)).status_code == 200, "they are signed in still"
    assert await both.shown(badge_in(colleague)) == 403


async def test_whom_the_provider_signs_out_is_signed_out_of_every_service(both: Both) -> None:
    browser = await both.front.comes_in("administrator")
    badge = badge_in(browser)
    assert await both.shown(badge) == 200
    (told, *_) = await both.front.provider.end_sessions("administrator")
    assert told["heard"]
    await both.is_refused(badge)


async def session_of(administrator: httpx.AsyncClient, name: str) -> str:
    """The page that asks whether they are to be signed out."""
    page = re.sub(r"\s+", " ", (await administrator.get(ACCESS)).text)
    row = next(one for one in page.split("<tr>") if name in one and "/stab/adgang/session/" in one)
    (path,) = re.findall(r'href="(/stab/adgang/session/[^"]+)"', row)
    return str(path)


async def test_an_administrator_signs_somebody_else_out_of_every_service(both: Both) -> None:
    administrator = await both.front.signed_in("administrator")
    colleague, at_home = await both.front.signed_in("consultant"), await both.front.signed_in("consultant")
    accounts = both.front.provider.accounts
    name, by = accounts["konsulent"].name, accounts["administrator"].name
    path = await session_of(administrator, name)
    asked = await administrator.get(path)
    assert f"Log {name} ud" in asked.text
    assert "Log ud alle 2 steder" in asked.text
    assert [(await one.get(ME)).status_code for one in (colleague, at_home)] == [200, 200], "it was only asked"

    badges = [badge_in(one) for one in (colleague, at_home)]
    sent = await administrator.post(path, data=typed(asked.text, everywhere="true"))
    assert (sent.status_code, sent.headers["location"]) == (303, f"{ACCESS}?besked=ude")
    for badge in badges:
        await both.is_refused(badge)
    assert [(await one.get(ME)).status_code for one in (colleague, at_home)] == [303, 303]
    assert (await administrator.get(ME)).status_code == 200
    shown = (await administrator.get(ACCESS)).text
    assert f"{by} loggede {name} ud" in shown
    assert f'Log ud<span class="sr-only"> {name}' not in shown
    assert (await administrator.get(path)).status_code == 404, "it has ended"
    again = await administrator.post(path, data=typed(asked.text, _key="0123456789abcdef"))
    assert again.status_code == 404


async def test_one_browser_of_somebody_is_signed_out_and_the_other_stays(both: Both) -> None:
    administrator = await both.front.signed_in("administrator")
    first = await both.front.signed_in("consultant")
    second = await both.front.signed_in("consultant")
    path = await session_of(administrator, both.front.provider.accounts["konsulent"].name)
    assert (await administrator.post(path, data=typed((await administrator.get(path)).text))).status_code == 303
    assert sorted([(await one.get(ME)).status_code for one in (first, second)]) == [200, 303]


async def test_nobody_but_administrators_of_everything_sees_who_is_signed_in(both: Both) -> None:
    administrator = await both.front.signed_in("administrator")
    path = await session_of(administrator, both.front.provider.accounts["administrator"].name)
    for role in ("consultant", "finance", "operator"):
        assert (await (await both.front.signed_in(role)).get(path)).status_code == 403, role
    badge = both.front.badge_of(administrator)
    assert badge is not None
    of_one = replace(badge, roles={"et-forloeb": frozenset({"administrator"})})
    cookie = {"Cookie": f"{COOKIE}={both.front.signer.sign(of_one, machine_now())}"}
    async with httpx.AsyncClient(base_url=both.front.url, trust_env=False) as client:
        assert (await client.get(path, headers=cookie)).status_code == 403
        shown = (await client.get(ACCESS, headers=cookie)).text
    assert "Logget ind nu" not in shown


async def test_after_a_restore_the_handbook_lets_everybody_sign_in_everywhere_anew(both: Both) -> None:
    """The other service has heard of sign-outs that the restored database knows nothing of."""
    browser = await both.front.signed_in("administrator")
    badge = both.front.badge_of(browser)
    assert badge is not None
    async with both.scheduling.transaction(Cause("c", None, None)) as tx:
        await keep_epochs(tx, {badge.subject: 7})
    assert await both.shown(badge_in(browser)) == 303

    (statements,) = re.findall(r"```\n( *UPDATE sessions .*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL)
    await both.front.host.pool.execute(statements)
    assert (await browser.get(ME)).status_code == 303
    await both.front.signed_in("administrator", browser)
    assert await both.shown(badge_in(browser)) == 200
