"""The key that signs badges is changed while somebody works: they stay signed in, in every service, at every step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from deploy.local.datadir import write_atomically
from deploy.local.ed25519 import public_key
from deploy.local.session_keys import STEPS, KeyFiles, change
from services.enrollment.app import SERVICE as ENROLLMENT
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.settings import Settings
from shared.runtime.running import Running
from shared.runtime.service import Host, Service, open_host
from shared.runtime.settings import ServiceSettings
from shared.web.badge import COOKIE
from shared.web.staff import render, staff_page
from tests.support.oidc import Provider
from tests.support.servers import MakeDatabase
from tests.support.workplace import Workplace, open_workplace

PAGE, ME = "/scheduling/en-side", "/login/mig"


async def _shown(host: Host, request: Request) -> Response:
    return render(host, request, "web/no_role.html")


def _pages(host: Host) -> Sequence[BaseRoute]:
    return (partial(staff_page, host)(PAGE, _shown, opens=""),)


@asynccontextmanager
async def started(service: Service, settings: ServiceSettings) -> AsyncIterator[str]:
    """As it starts now: it reads the files anew. Its address."""
    fresh = type(settings)(**{**settings.model_dump(), "http_port": 0})
    host = await open_host(service, fresh)
    running = Running(host, "web")
    await running.start()
    try:
        yield f"http://127.0.0.1:{running.port}"
    finally:
        await running.stop()


@pytest.fixture
async def workplace(
    database: MakeDatabase, link_key_file: Path, oidc_provider: Provider, tmp_path: Path
) -> AsyncIterator[Workplace]:
    async with open_workplace(database, link_key_file, oidc_provider, tmp_path) as place:
        yield place


@pytest.fixture
async def other(database: MakeDatabase, link_key_file: Path, workplace: Workplace) -> Settings:
    where = await database("scheduling")
    return Settings(
        database_url=SecretStr(where.url),
        link_key_file=link_key_file,
        session_public_keys_file=workplace.public_keys_file,
    )


@pytest.fixture
def files(workplace: Workplace) -> KeyFiles:
    folder = workplace.public_keys_file.parent
    return KeyFiles(folder / "session-key", workplace.public_keys_file, folder / "next")


async def test_whoever_is_signed_in_stays_so_through_all_three_steps(
    workplace: Workplace, other: Settings, files: KeyFiles
) -> None:
    scheduling = replace(SCHEDULING, pages=_pages)
    browser = await workplace.signed_in("administrator")
    badges, before = {browser.cookies[COOKIE]}, files.signing.read_text()
    for step in STEPS:
        # Those of the step before run on until all of this one's have started.
        async with (
            started(ENROLLMENT, workplace.host.settings) as old_front,
            started(scheduling, other) as old_scheduling,
        ):
            await asyncio.to_thread(change, files, step, write_atomically)
            async with (
                started(ENROLLMENT, workplace.host.settings) as front,
                started(scheduling, other) as schedules,
            ):
                for at in (old_front, front):
                    for keeps in (True, False):
                        if not keeps:
                            browser.cookies.delete(COOKIE)
                        assert (await browser.get(at + ME)).status_code == 200, (step, at == front, keeps)
                        badges.add(browser.cookies[COOKIE])
                        for there in (old_scheduling, schedules):
                            answer = await browser.get(there + PAGE)
                            assert answer.status_code == 200, (step, at == front, there == schedules, keeps)
    assert len(badges) > 3, "badges were given out by both keys"
    assert files.signing.read_text() != before
    assert files.public.read_text().split() == [public_key(bytes.fromhex(files.signing.read_text())).hex()]


async def test_a_badge_of_the_old_key_is_exchanged_after_the_last_step_without_signing_in(
    workplace: Workplace, other: Settings, files: KeyFiles
) -> None:
    """Also where nobody waited for a quarter of an hour."""
    browser = await workplace.signed_in("administrator")
    old = browser.cookies[COOKIE]
    for step in STEPS:
        await asyncio.to_thread(change, files, step, write_atomically)
    async with (
        started(ENROLLMENT, workplace.host.settings) as front,
        started(replace(SCHEDULING, pages=_pages), other) as schedules,
    ):
        sent = await browser.get(schedules + PAGE)
        assert sent.status_code == 303
        way = urlsplit(sent.headers["location"])
        back = await browser.get(f"{front}{way.path}?{way.query}")
        assert (back.status_code, back.headers["location"]) == (303, PAGE)
        assert browser.cookies[COOKIE] != old
        assert (await browser.get(schedules + PAGE)).status_code == 200
