"""Whoever changes something by a mailed link types a code from their mail first, at a phone and without scripts."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, expect

from services.enrollment.adapters import links
from services.enrollment.adapters.enrolments import load
from shared.base.cause import Cause
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.storage.tx import transaction
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


async def newest(town: Town) -> str:
    row = await town.desk.pool.fetchval(
        "SELECT payload FROM outbox WHERE type = $1 ORDER BY id DESC LIMIT 1", MailboxCodeDrawn.type
    )
    return str(json.loads(row)["data"]["code"])


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("phone", False)])
async def test_a_code_is_asked_for_typed_and_remembered_until_the_browser_is_forgotten(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    desk = town.desk
    enrolment_id = await desk.has_enrolled()
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None), desk.links) as tx:
        enrolment = await load(tx, enrolment_id)
    assert enrolment is not None
    context = await visitor(chromium, town, width=width, scripts=scripts, confirmed=False)
    page = await context.new_page()
    await page.goto(links.standing_path_of(desk.links, enrolment))
    await page.get_by_role("link", name="Skift kontaktperson").click()
    await page.get_by_label("Den nyes navn").fill("Eva Efter")
    await page.get_by_label("Den nyes e-mail").fill("eva@aarhus.example")
    await page.get_by_label("Ja, vi giver det fra os").check()
    await page.get_by_role("button", name="Skift kontaktperson").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Skriv koden fra jeres mail")
    await expect(page.get_by_text("Den gælder til kl.")).to_be_visible()
    code = page.get_by_label("Kode på seks cifre")
    assert await code.get_attribute("autocomplete") == "one-time-code"
    assert await code.get_attribute("inputmode") == "numeric"
    if scripts:
        await look(page, f"code-{width}")
        await page.set_viewport_size({"width": 1280, "height": 900})
        await look(page, "code-desktop")
        await page.set_viewport_size({"width": 390, "height": 844})
    good = await newest(town)
    await code.fill(f"{(int(good) + 1) % 10**6:06d}")
    await code.press("Enter")
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("Koden passer ikke")
    assert (await page.title()).startswith("Fejl: ")
    if scripts:
        await expect(summary).to_be_focused()
        await look(page, f"code-wrong-{width}")
    await summary.get_by_role("link").click()
    await code.fill(good)
    await code.press("Enter")
    await expect(page.get_by_text("Kontakten er skiftet")).to_be_visible()
    assert await desk.pool.fetchval("SELECT contact ->> 'name' FROM enrolments") == "Eva Efter"
    await page.reload()
    await expect(page.get_by_text("Denne browser er bekræftet for")).to_be_visible()
    if scripts:
        await look(page, f"code-remembered-{width}")
    await page.get_by_role("button", name="Glem denne browser").click()
    await expect(page.get_by_text("Browseren er glemt")).to_be_visible()
    if scripts:
        await look(page, f"code-forgotten-{width}")
    await context.close()
