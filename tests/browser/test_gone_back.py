"""Somebody goes back in their browser after a deed, and sends the same page with something else in it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_sign_in import ACCESS, hands
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser


async def test_whoever_goes_back_is_told_that_it_is_done_and_sends_what_is_new_if_they_want(
    chromium: Browser, workplace: Workplace
) -> None:
    async with hands(chromium, workplace, "phone", scripts=True) as mine:
        page = await mine.open(ACCESS)
        await mine.enter(page, workplace.provider.accounts["administrator"])
        await mine.type(page.get_by_label("E-mail"), "en@tovholder.example")
        await mine.reach(page.get_by_label("Læser"))
        await page.keyboard.press("Space")
        key = page.locator("main input[name=_key]").first
        before = await key.input_value()
        await mine.press(page.get_by_role("button", name="Giv rollen"))
        await expect(page.get_by_text("Rollen er givet")).to_be_visible()

        await page.go_back()
        # No page of ours is kept: Chromium asks for it again, and it shows what was done.
        await expect(page.get_by_role("row", name="en@tovholder.example")).to_be_visible()
        # A browser that keeps it all the same sends what it was shown.
        await key.evaluate("(one, text) => { one.value = text }", before)
        await page.get_by_label("E-mail").fill("to@tovholder.example")
        await page.get_by_label("Læser").check()
        await mine.press(page.get_by_role("button", name="Giv rollen"))
        await expect(page.get_by_role("heading", name="Det er allerede gjort")).to_be_visible()
        await mine.look(page, "gone-back")
        await mine.press(page.get_by_role("button", name="Send det nye"))
        await expect(page.get_by_role("row", name="to@tovholder.example")).to_be_visible()
        await expect(page.get_by_role("row", name="en@tovholder.example")).to_be_visible()
