"""Before a version is published staff see which meetings move and how many mails are sent: with scripts at once,
without them by two buttons; on a phone, by keyboard, and when a service is away.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from services.enrollment.usecases.begin_programme_draft import FILE, BeginProgrammeDraft, begin_programme_draft
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from tests.browser.test_editor import press
from tests.support import new_version
from tests.support.browser import look
from tests.support.enrollment_desk import sign_up
from tests.support.oidc import Provider
from tests.support.servers import MakeDatabase
from tests.support.whole import Whole, open_whole

pytestmark = pytest.mark.browser
MAILS = "/notifications/stab/udgivelse"


async def a_version_is_written(whole: Whole) -> str:
    """Three municipalities have a place and one waits; where the next version is published."""
    desk = whole.workplace.desk
    await desk.ask(publish_programme, PublishProgramme(file=new_version.FIRST))
    await whole.tell_each_other(as_written=True)
    for code in ("0101", "0151", "0167", "0153"):
        await desk.enrol(sign_up(code, programme_id=new_version.NETWORK))
    await whole.tell_each_other(as_written=True)
    wish = BeginProgrammeDraft(source=FILE, file=new_version.SECOND)
    begun = await desk.ask(begin_programme_draft, wish)
    return f"/stab/redigering/{begun['draft_id']}/udgiv"


async def fits(page: Page, name: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await look(page, f"publication-{name}")


async def test_meetings_and_mails_are_said_before_the_button(
    chromium: Browser, database: MakeDatabase, link_key_file: Path, oidc_provider: Provider, tmp_path: Path
) -> None:
    async with open_whole(database, link_key_file, oidc_provider, tmp_path) as whole:
        here = await a_version_is_written(whole)
        client = await whole.workplace.signed_in("consultant")
        newest = await whole.pools["notifications"].fetchval("SELECT max(number) FROM messages")

        context = await whole.browser(chromium, client)
        page = await context.new_page()
        blocked: list[str] = []
        page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
        await page.goto(here)
        told = page.get_by_text("sendes straks, til")
        await expect(told).to_be_visible()
        said = await told.inner_text()
        await expect(page.get_by_role("row", name="oest-1 Flyttes eller får et andet sted")).to_be_visible()
        await expect(page.get_by_role("button", name="Udgiv", exact=True)).to_be_visible()
        await fits(page, "desktop")
        await page.set_viewport_size({"width": 390, "height": 844})
        await fits(page, "narrow")

        async def away(route: Route) -> None:
            await route.fulfill(status=503, body="")

        await context.route(f"**{MAILS}", away)
        await page.goto(here)
        await expect(page.get_by_text("Antallet af mails kan ikke vises lige nu")).to_be_visible()
        await fits(page, "away")
        await context.close()
        assert blocked == []

        context = await whole.browser(chromium, client, width="phone", scripts=False)
        page = await context.new_page()
        await page.goto(here)
        await press(page, "Se møder og mails")
        await expect(page.get_by_role("row", name="oest-1")).to_be_visible()
        await fits_without_scripts(page)
        await press(page, "Se, hvor mange mails der sendes")
        await expect(page.get_by_text("sendes straks, til")).to_have_text(said)
        await fits_without_scripts(page)
        await page.goto(MAILS)
        await expect(page.get_by_text("Mailene kan ikke tælles")).to_be_visible()
        await page.goto(here)
        await press(page, "Udgiv")
        await expect(page.get_by_role("status").first).to_contain_text("Forløbet er udgivet")
        await context.close()

        await whole.tell_each_other(as_written=True)
        sent = await whole.pools["notifications"].fetchval("SELECT count(*) FROM messages WHERE number > $1", newest)
        assert said.startswith(f"{sent} mails"), (said, sent)


async def fits_without_scripts(page: Page) -> None:
    """Axe is a script; what it looks at is the same page as with scripts."""
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    width = await page.locator("main").bounding_box()
    assert width is not None
    assert width["width"] <= 390
