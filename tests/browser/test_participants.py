"""The contact of a municipality registers its people by the link in the mail, and sees the price first."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from services.enrollment.adapters import links
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser

LEVEL = "Leder af ledere"
PRICE = "1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)"


async def the_page(town: Town) -> str:
    """The path of the participants' page of a municipality with one dated meeting."""
    await town.desk.has_enrolled()
    await town.desk.has_meeting()
    return links.participants_path(town.desk.links, await town.desk.guest())


async def register(page: Page, name: str) -> None:
    await page.get_by_label("Navn").fill(name)
    await page.get_by_label("E-mail").fill(f"{name.lower()}@aarhus.example")
    await page.get_by_label(LEVEL).check()
    async with page.expect_navigation():
        await page.get_by_role("button", name="Tilmeld deltageren").click()


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", True), ("desktop", False)])
async def test_three_are_included_and_the_fourth_costs_what_was_accepted(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    path = await the_page(town)
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    await page.goto(path)
    if scripts:
        await look(page, f"participants-{width}")
    await page.get_by_role("link", name="Tilmeld deltagere til Møde").click()
    for name in ("Anna", "Bo", "Carl"):
        await register(page, name)
        await expect(page.get_by_text("Deltageren er tilmeldt")).to_be_visible()
    await expect(page.get_by_text(f"3 af 3 pladser brugt – næste koster {PRICE}")).to_be_visible()

    await register(page, "Dorte")
    await expect(page.get_by_role("alert").first).to_contain_text("Bekræft prisen")
    await expect(page.get_by_label("Navn")).to_have_value("Dorte")
    if scripts:
        await look(page, f"price-{width}")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM seats") == 3

    await page.get_by_label(f"Vi betaler {PRICE} for denne deltager").check()
    await page.get_by_role("button", name="Tilmeld deltageren").click()
    await expect(page.get_by_text("Ekstra deltager", exact=True)).to_be_visible()
    if scripts:
        await look(page, f"extra-{width}")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM seats") == 4
    await context.close()


async def test_whoever_leaves_the_level_out_is_asked_for_it(chromium: Browser, town: Town) -> None:
    path = await the_page(town)
    context = await visitor(chromium, town, width="phone")
    page = await context.new_page()
    await page.goto(path)
    await page.get_by_role("link", name="Tilmeld deltagere til Møde").click()
    await page.get_by_label("Navn").fill("Anna")
    await page.get_by_label("E-mail").fill("anna@aarhus.example")
    await page.get_by_role("button", name="Tilmeld deltageren").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Niveau: Vælg et af svarene")
    await look(page, "level-phone")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM seats") == 0
    await register(page, "Anna")
    await expect(page.get_by_role("listitem").filter(has_text="Anna")).to_contain_text(LEVEL)
    await context.close()


async def test_swap_and_cancel(chromium: Browser, town: Town) -> None:
    path = await the_page(town)
    context = await visitor(chromium, town, width="phone")
    page = await context.new_page()
    await page.goto(path)
    await page.get_by_role("link", name="Tilmeld deltagere til Møde").click()
    await register(page, "Anna")
    await page.get_by_role("link", name="Skift deltager Anna").click()
    await look(page, "replace-phone")
    await page.get_by_label("Den nye deltagers navn").fill("Frida")
    await page.get_by_label("Den nye deltagers e-mail").fill("frida@aarhus.example")
    await page.get_by_role("button", name="Skift deltageren").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Vælg et af svarene")
    await page.get_by_label("Teamleder eller gruppeleder").check()
    await page.get_by_role("button", name="Skift deltageren").click()
    await expect(page.get_by_text("Deltageren er skiftet")).to_be_visible()
    await expect(page.get_by_role("listitem").filter(has_text="Frida")).to_contain_text("Teamleder eller gruppeleder")
    await page.get_by_role("link", name="Afmeld Frida").click()
    await look(page, "cancel-phone")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM seats") == 1
    await page.get_by_role("button", name="Afmeld deltageren").click()
    await expect(page.get_by_text("Ingen er tilmeldt endnu")).to_be_visible()
    assert await town.desk.pool.fetchval("SELECT count(*) FROM seats") == 0
    await context.close()


async def test_the_whole_municipality_leaves(chromium: Browser, town: Town) -> None:
    path = await the_page(town)
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(path)
    await page.get_by_role("link", name="Afmeld Aarhus Kommune").click()
    await look(page, "withdraw")
    await page.get_by_role("button", name="Afmeld kommunen").click()
    await expect(page.get_by_role("heading", name="Aarhus Kommune er ikke tilmeldt")).to_be_visible()
    await look(page, "withdrawn")
    await context.close()


async def test_a_link_that_is_no_longer_good_says_so(chromium: Browser, town: Town) -> None:
    path = await the_page(town)
    context = await visitor(chromium, town)
    page = await context.new_page()
    answer = await page.goto(path[:-2] + ("AA" if not path.endswith("AA") else "BB"))
    assert answer is not None
    assert answer.status == 404
    await look(page, "dead-link")
    assert answer.headers["referrer-policy"] == "strict-origin"
    await context.close()
