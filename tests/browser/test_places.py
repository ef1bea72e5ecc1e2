"""Somebody on a standing team passes the place on by the link in the mail, at a phone, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.integration.enrollment.test_places import NAMES, has_meeting, on_team
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False])
async def test_one_passes_the_place_on_and_another_leaves(chromium: Browser, town: Town, *, scripts: bool) -> None:
    paths = await on_team(town.desk, *NAMES)
    await has_meeting(town.desk)
    context = await visitor(chromium, town, width="phone", scripts=scripts)
    page = await context.new_page()
    await page.goto(paths["Bo"])
    await expect(page.get_by_role("heading", name="Jeres plads på holdet")).to_be_visible()
    await expect(page.get_by_text("Torsdag den 15. april 2021")).to_be_visible()
    if scripts:
        await look(page, "place-phone")
    await page.get_by_role("link", name="Giv pladsen til en kollega").click()
    await page.get_by_role("button", name="Giv pladsen videre").click()
    await expect(page.get_by_role("alert").first).to_be_visible()
    if scripts:
        await look(page, "place-pass-on-phone")
    await page.get_by_label("Kollegaens navn").fill("Frida")
    await page.get_by_label("Kollegaens e-mail").fill("frida@k0751.example")
    await page.get_by_role("button", name="Giv pladsen videre").click()
    await expect(page.get_by_text("Pladsen er givet videre")).to_be_visible()
    await page.goto(paths["Bo"])
    await expect(page.get_by_text("I har ikke pladsen længere")).to_be_visible()
    if scripts:
        await look(page, "place-gone-phone")

    await page.goto(paths["Anna"])
    await page.get_by_role("link", name="Meld fra").click()
    if scripts:
        await look(page, "place-leave-phone")
    await page.get_by_role("button", name="Meld fra").click()
    await expect(page.get_by_text("I er meldt fra")).to_be_visible()
    assert await town.desk.pool.fetchval("SELECT count(*) FROM team_members") == 4
    await context.close()
