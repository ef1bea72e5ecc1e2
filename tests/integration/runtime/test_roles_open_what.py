"""Which role opens which page: every page of staff's, with every role, another programme's, or none."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from deploy.local.ed25519 import public_key
from deploy.local.locations import service_names
from deploy.roles import FILE, generate, services, staff_routes
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.base.cloudevents import Received
from shared.contracts.enrollment import SessionsRevoked
from shared.contracts.staff import EVERYWHERE, ROLES, Role, opens
from shared.runtime.application import web_application
from shared.runtime.service import Host, Service, open_host
from shared.runtime.sessions import follow_sessions
from shared.runtime.settings import ServiceSettings
from shared.web.badge import COOKIE, Badge, Signer, lasts_until
from shared.web.staff import StaffRoute, badge_in, render, staff_page
from tests.support.servers import MakeDatabase

HERE, ELSEWHERE = "et-forloeb", "et-andet"
SEED = bytes(32)


@dataclass(frozen=True, slots=True)
class Office:
    """A service with the key that reads badges, and whoever comes with one."""

    host: Host
    client: httpx.AsyncClient

    async def comes(self, badge: Badge | None, method: str, path: str, **more: Any) -> httpx.Response:
        cookie = f"{COOKIE}={Signer(SEED).sign(badge, machine_now())}" if badge else ""
        headers = {"Cookie": cookie, **more.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **more)

    def form(self, badge: Badge) -> dict[str, str]:
        return {
            "_key": secrets.token_hex(16),
            "_csrf": self.host.settings.links.sign("form of staff", badge.subject),
        }


def badge(role: Role | None, programme_id: str = EVERYWHERE) -> Badge:
    roles = {programme_id: frozenset({role})} if role else {}
    return Badge("somebody", "a-session", 0, roles, lasts_until(machine_now()))


async def opened(service: Service, database: MakeDatabase, link_key_file: Path, folder: Path, seed: bytes) -> Host:
    keys, key = folder / "public", folder / "key"
    keys.write_text(public_key(seed).hex())
    key.write_text(seed.hex())
    where = await database(service.name)
    return await open_host(
        service,
        service.settings(database_url=SecretStr(where.url), link_key_file=link_key_file, session_public_keys_file=keys),
    )


@pytest.fixture(params=service_names())
async def office(
    request: pytest.FixtureRequest, database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> AsyncIterator[Office]:
    (service,) = [one for one in services() if one.name == request.param]
    host = await opened(service, database, link_key_file, tmp_path, SEED)
    transport = httpx.ASGITransport(web_application(host), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://office") as client:
        yield Office(host, client)
    await host.pool.close()


def addressed(route: StaffRoute) -> str:
    """With something for each parameter; `programme_id` is HERE."""
    path = route.path.replace("{programme_id}", HERE)
    return re.sub(r"\{[a-z_]+(:[a-z]+)?\}", "1", path)


def test_the_page_is_what_the_routes_say() -> None:
    """Else `python -m deploy.roles` writes it."""
    assert FILE.read_text(encoding="utf-8") == generate()


async def test_every_page_is_open_to_its_roles_and_to_nobody_else(office: Office) -> None:
    for route in staff_routes(office.host.service):
        path = addressed(route)
        for role in (*ROLES, None):
            allowed = not route.opens or (role is not None and opens(role, route.opens))
            shown = await office.comes(badge(role), "GET", path)
            assert (shown.status_code != 403) == allowed, f"{path} as {role}: {shown.status_code}"
            if "{programme_id}" in route.path and route.opens:
                elsewhere = await office.comes(badge(role, ELSEWHERE), "GET", path)
                assert elsewhere.status_code == 403, f"{path} as {role} of another programme"
                here = await office.comes(badge(role, HERE), "GET", path)
                assert (here.status_code != 403) == allowed, f"{path} as {role} of this programme"
            if "POST" in (route.methods or ()):
                who = badge(role)
                acts = allowed and all(role is not None and opens(role, one) for one in route.asks)
                sent = await office.comes(who, "POST", path, data=office.form(who))
                assert (sent.status_code != 403) == acts, f"POST {path} as {role}: {sent.status_code}"
        nobody = await office.comes(None, "GET", path)
        assert (nobody.status_code, nobody.headers["location"].partition("?")[0]) == (303, "/login"), path


async def _shown(host: Host, request: Request) -> Response:
    return render(host, request, "web/no_role.html", status=200 if badge_in(request) else 500)


def _pages(host: Host) -> Sequence[BaseRoute]:
    shows = partial(staff_page, host)
    return (shows("/side/{programme_id}", _shown, opens="enrollment.enrolments"), shows("/side", _shown, opens=""))


STAND_IN = Service("scheduling", ServiceSettings, pages=_pages)


@pytest.fixture
async def stand_in(database: MakeDatabase, link_key_file: Path, tmp_path: Path) -> AsyncIterator[Office]:
    host = await opened(STAND_IN, database, link_key_file, tmp_path, SEED)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(web_application(host)), base_url="http://office"
    ) as client:
        yield Office(host, client)
    await host.pool.close()


async def heard(host: Host, *epochs: int) -> None:
    events = [
        Received(
            data=SessionsRevoked(owner="/tovholder/enrollment", person_id="somebody", epoch=epoch),
            source="/tovholder/enrollment",
            id=str(epoch),
            type=SessionsRevoked.type,
            subject="person/somebody",
            sequence=epoch,
            time=machine_now(),
            cause=Cause("c", None, None),
        )
        for epoch in epochs
    ]
    async with host.transaction(Cause("c", None, None)) as tx:
        await follow_sessions(tx, events)


async def test_a_service_takes_no_badge_of_an_epoch_that_is_over(stand_in: Office) -> None:
    old, new = badge("reader"), replace(badge("reader"), epoch=2)
    assert (await stand_in.comes(old, "GET", "/side")).status_code == 200
    await heard(stand_in.host, 2, 1)
    assert (await stand_in.comes(old, "GET", "/side")).status_code == 303
    assert (await stand_in.comes(new, "GET", "/side")).status_code == 200
    await heard(stand_in.host, 1)
    assert (await stand_in.comes(old, "GET", "/side")).status_code == 303, "an epoch never falls"


async def test_a_badge_is_over_by_the_clock(stand_in: Office) -> None:
    late = replace(badge("reader"), expires_at=machine_now())
    answer = await stand_in.comes(late, "GET", "/side")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?til=%2Fside&afvist=1")


async def test_a_role_in_one_programme_opens_its_pages_and_no_others(stand_in: Office) -> None:
    theirs = badge("reader", HERE)
    assert (await stand_in.comes(theirs, "GET", f"/side/{HERE}")).status_code == 200
    assert (await stand_in.comes(theirs, "GET", f"/side/{ELSEWHERE}")).status_code == 403
    assert (await stand_in.comes(badge("operator"), "GET", f"/side/{HERE}")).status_code == 403


async def test_a_part_of_a_page_says_that_one_is_signed_out_in_its_own_place(stand_in: Office) -> None:
    answer = await stand_in.comes(None, "GET", "/side?a=1", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert 'href="/login?til=/side%3Fa%3D1"' in answer.text


async def test_without_a_key_nobody_is_sent_back_and_forth(database: MakeDatabase, link_key_file: Path) -> None:
    where = await database("scheduling")
    host = await open_host(STAND_IN, ServiceSettings(database_url=SecretStr(where.url), link_key_file=link_key_file))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(web_application(host)), base_url="http://office"
    ) as client:
        answer = await client.get("/side")
    await host.pool.close()
    assert (answer.status_code, "location" in answer.headers) == (503, False)
