"""Staff sign in, say who may do what and sign out, with the keyboard alone: at a desk, at a phone, without scripts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.browser import look, visitor
from tests.support.enrollment_desk import P1
from tests.support.oidc import Account
from tests.support.workplace import Workplace, typed

ACCESS, ME = "/stab/adgang", "/login/mig"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
MOST_TABS = 80

pytestmark = pytest.mark.browser


@dataclass(slots=True)
class Hands:
    """On a keyboard. `lost` is whatever a page asked for and did not get, `refused` what its own policy forbade."""

    context: BrowserContext
    name: str
    scripts: bool
    lost: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def open(self, path: str) -> Page:
        page = await self.context.new_page()
        self.watch(page)
        await page.goto(path)
        return page

    def watch(self, page: Page) -> None:
        def answered(status: int, kind: str, url: str) -> None:
            if status >= 400 and kind != "document":
                self.lost.append(f"{status} {url}")

        def said(text: str) -> None:
            if "Content Security Policy" in text:
                self.refused.append(text)

        page.on("requestfailed", lambda one: self.lost.append(f"{one.failure} {one.url}"))
        page.on("response", lambda one: answered(one.status, one.request.resource_type, one.url))
        page.on("console", lambda one: said(one.text))

    async def reach(self, wanted: Locator) -> None:
        """By Tab alone; whatever has the focus shows it."""
        for _ in range(MOST_TABS):
            if await wanted.evaluate("one => one === document.activeElement"):
                shown = await wanted.evaluate("one => getComputedStyle(one).outlineStyle")
                assert shown != "none" or await wanted.get_attribute("type") == "radio", "nobody sees where they are"
                return
            await wanted.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {wanted}")

    async def press(self, wanted: Locator) -> None:
        await self.reach(wanted)
        await wanted.page.keyboard.press("Enter")

    async def type(self, wanted: Locator, text: str) -> None:
        await self.reach(wanted)
        await wanted.page.keyboard.type(text)

    async def look(self, page: Page, what: str) -> None:
        """Axe is a script itself, so that it looks at no page that runs none."""
        if self.scripts:
            await look(page, f"{what}-{self.name}")

    async def enter(self, page: Page, account: Account) -> None:
        """From our page of signing in, by name and password at the provider."""
        await self.press(page.get_by_role("button", name="Log ind som medarbejder"))
        await expect(page.get_by_label("Adgangskode")).to_be_visible()
        await self.type(page.get_by_label("Navn"), account.login)
        await self.type(page.get_by_label("Adgangskode"), account.password)
        await page.keyboard.press("Enter")


@asynccontextmanager
async def hands(chromium: Browser, workplace: Workplace, width: str, *, scripts: bool) -> AsyncIterator[Hands]:
    context = await visitor(chromium, workplace, width=width, scripts=scripts)
    mine = Hands(context, width, scripts)
    yield mine
    await context.close()
    assert (mine.lost, mine.refused) == ([], [])


@pytest.mark.parametrize(("width", "scripts"), [("desktop", True), ("phone", True), ("phone", False)])
async def test_an_administrator_comes_in_grants_a_role_takes_it_back_and_goes(
    chromium: Browser, workplace: Workplace, width: str, *, scripts: bool
) -> None:
    await workplace.desk.publish()
    async with hands(chromium, workplace, width, scripts=scripts) as mine:
        page = await mine.open(ACCESS)
        await expect(page).to_have_url(re.compile(r"/login\?til="))
        await mine.look(page, "login")
        await mine.enter(page, workplace.provider.accounts["administrator"])
        await expect(page.get_by_role("heading", name="Adgang", level=1)).to_be_visible()
        await mine.look(page, "access-empty")

        await mine.press(page.get_by_role("button", name="Giv rollen"))
        await expect(page.get_by_role("alert").first).to_be_visible()
        await mine.look(page, "access-errors")
        await mine.type(page.get_by_label("E-mail"), "ny.kollega@tovholder.example")
        await mine.reach(page.get_by_label("Læser"))
        await page.keyboard.press("Space")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_label("Konsulent")).to_be_checked()
        await mine.reach(page.get_by_label("Forløb"))
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_label("Forløb")).to_have_value(P1)
        await mine.press(page.get_by_role("button", name="Giv rollen"))
        await expect(page.get_by_text("Rollen er givet")).to_be_visible()
        await expect(page.get_by_role("row", name="ny.kollega@tovholder.example")).to_be_visible()
        await mine.look(page, "access-full")

        await mine.press(page.get_by_role("link", name="Tag tilbage Konsulent fra ny.kollega@tovholder.example"))
        await expect(page.get_by_role("heading", name="Tag rollen tilbage")).to_be_visible()
        await mine.look(page, "revoke")
        await mine.press(page.get_by_role("button", name="Tag rollen tilbage"))
        await expect(page.get_by_text("Rollen er taget tilbage")).to_be_visible()
        await expect(page.get_by_text("Ingen har fået en rolle her")).to_be_visible()

        elsewhere = await workplace.signed_in("administrator", workplace.browser(**{"User-Agent": FIREFOX}))
        await mine.press(page.get_by_role("link", name="Min adgang"))
        await expect(page.get_by_text("Åse Forbilledsen, administrator@tovholder.example")).to_be_visible()
        await mine.look(page, "me")
        await mine.press(page.get_by_role("button", name="Log ud af Firefox på Windows"))
        await expect(page.get_by_text("Du er logget ud der")).to_be_visible()
        await mine.look(page, "me-alone")
        assert (await elsewhere.get(ME)).status_code == 303

        await mine.press(page.get_by_role("button", name="Log ud", exact=True))
        await expect(page).to_have_url(re.compile(rf"^{re.escape(workplace.provider.issuer)}/"))
        await mine.press(page.get_by_role("button", name="Log ud"))
        await expect(page).to_have_url(f"{workplace.url}/")
        await page.goto(ME)
        await expect(page.get_by_role("button", name="Log ind som medarbejder")).to_be_visible()


@pytest.mark.parametrize(("width", "scripts"), [("desktop", True), ("phone", True), ("phone", False)])
async def test_a_session_that_ends_in_the_middle_of_a_form_costs_nothing_that_was_typed(
    chromium: Browser, workplace: Workplace, width: str, *, scripts: bool
) -> None:
    async with hands(chromium, workplace, width, scripts=scripts) as mine:
        page = await mine.open(ACCESS)
        await mine.enter(page, workplace.provider.accounts["administrator"])
        await mine.type(page.get_by_label("E-mail"), "halvt.skrevet@tovholder.example")
        await mine.reach(page.get_by_label("Læser"))
        await page.keyboard.press("Space")

        elsewhere = await workplace.signed_in("administrator")
        assert (await elsewhere.post(ME, data=typed((await elsewhere.get(ME)).text))).status_code == 303
        await mine.press(page.get_by_role("button", name="Giv rollen"))
        await expect(page.get_by_role("heading", name="Du er logget ud")).to_be_visible()
        await mine.look(page, "once-more")

        async with page.expect_popup() as opening:
            await mine.press(page.get_by_role("link", name="Log ind igen"))
        tab = await opening.value
        mine.watch(tab)
        await mine.press(tab.get_by_role("button", name="Log ind som medarbejder"))
        await expect(tab.get_by_role("heading", name="Du er logget ind")).to_be_visible()
        await mine.look(tab, "inside")
        await tab.close()

        await mine.press(page.get_by_role("button", name="Send igen"))
        await expect(page.get_by_text("Rollen er givet")).to_be_visible()
        await expect(page.get_by_role("row", name="halvt.skrevet@tovholder.example")).to_be_visible()


@pytest.mark.parametrize("width", ["desktop", "phone"])
async def test_whoever_is_told_no_reads_why_and_where_to_go(
    chromium: Browser, workplace: Workplace, width: str
) -> None:
    async with hands(chromium, workplace, width, scripts=True) as mine:
        page = await mine.open("/login/tilbage?state=x&code=y")
        await expect(page.get_by_text("en anden browser")).to_be_visible()
        await mine.look(page, "login-failed")
        await mine.press(page.get_by_role("link", name="Begynd forfra"))
        await expect(page.get_by_role("button", name="Log ind som medarbejder")).to_be_visible()

        await page.goto(f"/login?til={ACCESS}")
        await mine.enter(page, workplace.provider.accounts["konsulent"])
        await expect(page.get_by_role("heading", name="Det har du ikke adgang til")).to_be_visible()
        await mine.look(page, "no-role")
        await mine.press(page.get_by_role("link", name="Min adgang").last)
        await expect(page.get_by_text("Konsulent", exact=True)).to_be_visible()


async def test_a_page_that_somebody_else_has_left_open_is_sent_by_nobody_unseen(
    chromium: Browser, workplace: Workplace
) -> None:
    """It was shown to a person who has left; whoever sits there now sees that nothing has happened yet."""
    async with hands(chromium, workplace, "phone", scripts=True) as mine:
        await workplace.signed_in("administrator")
        page = await mine.open(ME)
        await mine.enter(page, workplace.provider.accounts["administrator"])
        await expect(page.get_by_role("heading", name="Min adgang")).to_be_visible()
        await mine.context.clear_cookies()
        tab = await mine.open("/login?til=/login/inde")
        await mine.enter(tab, workplace.provider.accounts["oekonomi"])
        await expect(tab.get_by_role("heading", name="Du er logget ind")).to_be_visible()
        await mine.press(page.get_by_role("button", name="Log ud alle andre steder"))
        await expect(page.get_by_role("heading", name="Send det igen")).to_be_visible()
        await mine.look(page, "once-more-other")
