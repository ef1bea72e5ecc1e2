"""Somebody on a team, and a guest, say what they need by the link in the mail, at a phone, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.enrollment.adapters.links import participants_path
from tests.integration.enrollment.test_guest_page import invited
from tests.integration.enrollment.test_places import on_team
from tests.integration.enrollment.test_team_needs import ASKS, NUTS, has_meeting
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False])
async def test_one_says_it_for_all_meetings_and_takes_it_back(chromium: Browser, town: Town, *, scripts: bool) -> None:
    paths = await on_team(town.desk, "Anna", "Bo", file=ASKS)
    await has_meeting(town.desk)
    context = await visitor(chromium, town, width="phone", scripts=scripts)
    page = await context.new_page()
    await page.goto(paths["Bo"])
    if scripts:
        await look(page, "place-asks-phone")
    await page.get_by_role("link", name="Skriv om kost og adgang").click()
    await page.get_by_label("Vegetar").check()
    await page.get_by_label("Andet om kost").fill(NUTS)
    await page.get_by_role("button", name="Gem").click()
    await expect(page.get_by_text("Sæt kryds ved samtykket").first).to_be_visible()
    if scripts:
        await look(page, "place-needs-phone")
    await page.get_by_label("Ja, I må gemme det til møderne.").check()
    await page.get_by_role("button", name="Gem").click()
    await expect(page.get_by_text("Kost og adgang er gemt")).to_be_visible()
    await page.get_by_role("link", name="Se, ret eller slet det").click()
    await expect(page.get_by_label("Andet om kost")).to_have_value(NUTS)
    await page.get_by_role("button", name="Slet det, der er skrevet").click()
    await expect(page.get_by_text("Der er ikke gemt noget om kost og adgang")).to_be_visible()
    assert await town.desk.pool.fetchval("SELECT count(*) FROM team_needs") == 0

    # Their contact says it for somebody, on the page of the team.
    await page.goto(f"{participants_path(town.desk.links, await town.desk.guest())}/hold")
    await page.get_by_role("link", name="Kost og adgang for Anna").click()
    if scripts:
        await look(page, "team-needs-phone")
    await page.get_by_label("Adgang uden trin").check()
    await page.get_by_label("Ja, I må gemme det til møderne.").check()
    await page.get_by_role("button", name="Gem").click()
    await expect(page.get_by_text("Kost og adgang er opdateret")).to_be_visible()
    if scripts:
        await look(page, "team-asks-phone")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM team_needs") == 1
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_guest_says_it_and_then_that_they_are_not_coming(
    chromium: Browser, town: Town, *, scripts: bool
) -> None:
    path, _ = (await invited(town.desk, "Lærke"))["Lærke"]
    context = await visitor(chromium, town, width="phone", scripts=scripts)
    page = await context.new_page()
    await page.goto(path)
    await expect(page.get_by_text("Torsdag den 15. april 2021")).to_be_visible()
    if scripts:
        await look(page, "guest-phone")
    await page.get_by_role("link", name="Skriv om kost og adgang").click()
    await page.get_by_label("Vegansk").check()
    await page.get_by_label("Ja, I må gemme det til møderne.").check()
    if scripts:
        await look(page, "guest-needs-phone")
    await page.get_by_role("button", name="Gem").click()
    await expect(page.get_by_text("Kost og adgang er gemt")).to_be_visible()
    await page.get_by_role("link", name="Meld afbud").click()
    if scripts:
        await look(page, "guest-leave-phone")
    await page.get_by_role("button", name="Meld afbud").click()
    await expect(page.get_by_text("I har meldt afbud")).to_be_visible()
    await page.goto(path)
    await expect(page.get_by_text("Invitationen gælder ikke længere").first).to_be_visible()
    if scripts:
        await look(page, "guest-gone-phone")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM guest_needs") == 0
    await context.close()
