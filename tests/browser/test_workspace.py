"""Staff at the front of their workspace: on a phone, without scripts, by keyboard, and when a service is away."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect
from pydantic import SecretStr

from deploy.local.ed25519 import public_key
from deploy.local.ports import HOST, free_ports
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.name_team_member import name_team_member
from services.scheduling.app import SERVICE as SCHEDULING
from services.scheduling.settings import Settings
from shared.contracts.enrollment import NameTeamMember
from shared.contracts.parties import Billing
from shared.runtime.running import Running
from shared.runtime.service import open_host
from tests.integration.enrollment.test_team import DECLARED, chosen
from tests.integration.enrollment.test_vouching import waits
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, with_places
from tests.integration.enrollment.test_workspace import TEAMS
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import P1, Desk, sign_up
from tests.support.facts import PROGRAMME
from tests.support.servers import MakeDatabase
from tests.support.workplace import ROLES, Workplace

pytestmark = pytest.mark.browser


async def busy(desk: Desk) -> None:
    """There is something of nearly every kind."""
    await desk.publish(with_places(4, 6, forbehold="holds: until, until: 2020-08-31"))
    await desk.publish(chosen())
    codes = await codes_of(desk, 12)
    today = desk.now().date()
    for number, code in enumerate(codes[:4]):
        more = {"forbehold": True, "forbehold_expected_on": today + timedelta(days=9 * number)} if number < 3 else {}
        await enrolled(desk, sign_up(code, billing=Billing(), **more))
    for code in codes[4:11]:
        await waits(desk, code, f"frode@elsewhere{code}.example")
    await enrolled(desk, sign_up(codes[11], programme_id=TEAMS, answers=DECLARED, contact_name="Asta Eksempel"))
    command = NameTeamMember(enrolment_id=enrolment_id(TEAMS, codes[11]), name="Ida", email="ida@by.example")
    await desk.ask(name_team_member, command)
    await desk.has_meeting(day="2020-06-09")


@asynccontextmanager
async def scheduling(
    workplace: Workplace, database: MakeDatabase, link_key_file: Path, folder: Path
) -> AsyncIterator[str]:
    """The service on a port, with a meeting that should have its date by now; its address."""
    where = await database("scheduling")
    (port,) = free_ports(1)
    keys = folder / "keys-of-scheduling"
    keys.write_text(public_key(workplace.seed).hex())
    settings = Settings(
        database_url=SecretStr(where.url), http_port=port, link_key_file=link_key_file, session_public_keys_file=keys
    )
    host = await open_host(SCHEDULING, settings)
    await host.pool.execute(
        """INSERT INTO programmes (id, version, ref, ours, kinds, groups, correlation_id)
           VALUES ($1, 1, $2::jsonb, true, '{}', '{}', 'c')""",
        P1,
        PROGRAMME.model_dump_json(),
    )
    plan = {"key": "k", "title": "Temadag om overgange", "kind": "heldag", "precision": "month", "month": "2020-09"}
    await host.pool.execute(
        """INSERT INTO meetings (id, programme_id, key, title, kind, mode, roles, date_version, state, reason, plan,
               correlation_id)
           VALUES ('m', $1, 'k', 'Temadag om overgange', 'heldag', 'physical', '{}', 0, 'planned', '', $2::jsonb,
               'c')""",
        P1,
        json.dumps(plan),
    )
    running = Running(host, "web")
    await running.start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await running.stop()


async def behind_one_address(context: BrowserContext, workplace: Workplace, path: str, url: str) -> None:
    """As the gateway leads a service's paths to it."""

    async def lead(route: Route) -> None:
        await route.continue_(url=route.request.url.replace(workplace.url, url))

    await context.route(f"{workplace.url}{path}**", lead)


async def signs_in(page: Page, workplace: Workplace, role: str = "consultant") -> None:
    account = workplace.provider.accounts[ROLES[role]]
    await page.goto(f"{workplace.url}/stab")
    await page.get_by_role("button", name=re.compile("Log ind")).click()
    await page.get_by_label("Navn").fill(account.login)
    await page.get_by_label("Adgangskode").fill(account.password)
    await page.get_by_label("Adgangskode").press("Enter")
    await expect(page.get_by_role("heading", name="Arbejdsbord")).to_be_visible()


def listened(page: Page) -> list[str]:
    """What the browser refuses by the page's own policy, as it comes."""
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    return refused


@pytest.mark.parametrize("width", ["desktop", "phone"])
async def test_the_front_says_how_to_begin_and_then_what_waits(
    chromium: Browser, workplace: Workplace, database: MakeDatabase, link_key_file: Path, tmp_path: Path, width: str
) -> None:
    context = await visitor(chromium, workplace, width=width)
    page = await context.new_page()
    refused = listened(page)
    async with scheduling(workplace, database, link_key_file, tmp_path) as url:
        await behind_one_address(context, workplace, "/scheduling/", url)
        await signs_in(page, workplace)
        await expect(page.get_by_role("heading", name="Begynd her")).to_be_visible()
        await look(page, f"workspace-empty-{width}")
        await busy(workplace.desk)
        await page.reload()
        await expect(page.get_by_role("heading", name="7 tilmeldinger venter på, at I siger god")).to_be_visible()
        await expect(page.get_by_text("Temadag om overgange")).to_be_visible()
        for away in ("Fakturaer", "Mails"):
            await expect(page.get_by_text(f"{away} kan ikke vises lige nu.")).to_be_visible()
        await look(page, f"workspace-{width}")
        assert refused == []
    await page.reload()
    await expect(page.get_by_text("Møder kan ikke vises lige nu.")).to_be_visible()
    await expect(page.get_by_role("link", name="Se, hvad der venter om møder")).to_be_visible()
    await look(page, f"workspace-away-{width}")
    await context.close()


async def test_without_scripts_every_part_is_a_link_away(
    chromium: Browser, workplace: Workplace, database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    await busy(workplace.desk)
    context = await visitor(chromium, workplace, width="phone", scripts=False)
    page = await context.new_page()
    async with scheduling(workplace, database, link_key_file, tmp_path) as url:
        await behind_one_address(context, workplace, "/scheduling/", url)
        await signs_in(page, workplace)
        await page.get_by_role("link", name="Se, hvad der venter om møder").click()
        await expect(page.get_by_role("heading", level=1, name="Møder")).to_be_visible()
        await expect(page.get_by_text("Temadag om overgange")).to_be_visible()
        await page.get_by_role("link", name="Til arbejdsbordet").click()
        await page.get_by_role("searchbox").fill("asta eks")
        await page.get_by_role("button", name="Søg").click()
        await expect(page.get_by_role("link", name="Asta Eksempel")).to_be_visible()
    await context.close()


@pytest.mark.parametrize("width", ["desktop", "phone"])
async def test_a_thing_is_looked_for_by_keyboard_alone(chromium: Browser, workplace: Workplace, width: str) -> None:
    await busy(workplace.desk)
    context = await visitor(chromium, workplace, width=width)
    page = await context.new_page()
    await signs_in(page, workplace)
    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("kommune")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Søg")).to_be_visible()
    await expect(page).to_have_url(f"{workplace.url}/stab/soeg")
    await expect(page.get_by_text("Her er de første; der er")).to_be_visible()
    await look(page, f"search-many-{width}")
    for what, said in (
        ("asta", "Asta Eksempel"),
        ("KOM-12", "Det ligner et fakturanummer"),
        ("zzz", "Intet passer med"),
    ):
        await page.get_by_role("searchbox").focus()
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(what)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(said).first).to_be_visible()
        await look(page, f"search-{what}-{width}")
    await page.get_by_role("button", name="Log ud").press("Enter")
    await expect(page).to_have_url(re.compile(f"^{re.escape(workplace.provider.issuer)}/"))
    await page.goto(f"{workplace.url}/stab")
    await expect(page.get_by_role("heading", name="Log ind")).to_be_visible()
    await context.close()
