"""Whoever changes something by a mailed link types a code from their mail first, at a phone and without scripts."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from services.enrollment.adapters import links
from services.enrollment.adapters.enrolments import load
from shared.base.cause import Cause
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.storage.tx import transaction
from tests.browser.test_own_pages import behind_one_address
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town
from tests.support.notifications_web import CalendarOffice

pytestmark = pytest.mark.browser


async def drawn(town: Town) -> list[MailboxCodeDrawn]:
    """Every code that was mailed, the newest first."""
    rows = await town.desk.pool.fetch(
        "SELECT payload FROM outbox WHERE type = $1 ORDER BY id DESC", MailboxCodeDrawn.type
    )
    return [MailboxCodeDrawn.model_validate_json(json.dumps(json.loads(row["payload"])["data"])) for row in rows]


async def asked_for_a_code(chromium: Browser, town: Town, *, scripts: bool) -> tuple[BrowserContext, Page]:
    """At a phone: the contact is about to hand the role on, and nothing is sent yet."""
    desk = town.desk
    enrolment_id = await desk.has_enrolled()
    async with transaction(desk.pool, desk, desk.source, Cause("c", None, None), desk.links) as tx:
        enrolment = await load(tx, enrolment_id)
    assert enrolment is not None
    context = await visitor(chromium, town, width="phone", scripts=scripts, confirmed=False)
    page = await context.new_page()
    await page.goto(links.standing_path_of(desk.links, enrolment))
    await page.get_by_role("link", name="Skift kontaktperson").click()
    await page.get_by_label("Den nyes navn").fill("Eva Efter")
    await page.get_by_label("Den nyes e-mail").fill("eva@aarhus.example")
    await page.get_by_label("Ja, vi giver det fra os").check()
    return context, page


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_code_is_asked_for_typed_and_remembered_until_the_browser_is_forgotten(
    chromium: Browser, town: Town, calendar_office: CalendarOffice, *, scripts: bool
) -> None:
    desk, office = town.desk, calendar_office
    context, page = await asked_for_a_code(chromium, town, scripts=scripts)
    await page.get_by_role("button", name="Skift kontaktperson").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Skriv koden fra jeres mail")
    await expect(page.get_by_text("Den gælder til kl.")).to_be_visible()
    code = page.get_by_label("Kode på seks cifre")
    assert await code.get_attribute("autocomplete") == "one-time-code"
    assert await code.get_attribute("inputmode") == "numeric"
    # The service that mails it says no more than that there is nothing: the way to ask it is there still.
    fate = page.get_by_role("link", name="Se, om mailen er afleveret")
    await page.wait_for_load_state("networkidle")
    await expect(fate).to_be_visible()
    await behind_one_address(page, ("/notifications", office.url))
    if scripts:
        await look(page, "code-phone")
        await page.set_viewport_size({"width": 1280, "height": 900})
        await look(page, "code-desktop")
        await page.set_viewport_size({"width": 390, "height": 844})
    (told,) = await drawn(town)
    good = told.code
    await code.fill(f"{(int(good) + 1) % 10**6:06d}")
    await code.press("Enter")
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("Koden passer ikke")
    assert (await page.title()).startswith("Fejl: ")
    if scripts:
        await expect(summary).to_be_focused()
        await expect(page.get_by_text("Mailen er på vej.")).to_be_visible()
        await expect(fate).to_have_count(0)
        await look(page, "code-wrong-phone")
        await office.desk.hear(told)
        await office.desk.pool.execute("UPDATE messages SET state = 'sent', sent_at = now()")
        await expect(page.get_by_text("Mailen er afleveret til jeres mailserver.")).to_be_visible()
        await expect(summary).to_be_focused()
        await look(page, "code-delivered-phone")
    await summary.get_by_role("link").click()
    await code.fill(good)
    await code.press("Enter")
    await expect(page.get_by_text("Kontakten er skiftet")).to_be_visible()
    assert await desk.pool.fetchval("SELECT contact ->> 'name' FROM enrolments") == "Eva Efter"
    await page.reload()
    await expect(page.get_by_text("Denne browser er bekræftet for")).to_be_visible()
    if scripts:
        await look(page, "code-remembered-phone")
    await page.get_by_role("button", name="Glem denne browser").click()
    await expect(page.get_by_text("Browseren er glemt")).to_be_visible()
    if scripts:
        await look(page, "code-forgotten-phone")
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_button_that_is_pressed_twice_asks_for_one_code_and_the_browser_can_use_it(
    chromium: Browser, town: Town, *, scripts: bool
) -> None:
    context, page = await asked_for_a_code(chromium, town, scripts=scripts)
    await page.get_by_role("button", name="Skift kontaktperson").dblclick()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Skriv koden fra jeres mail")
    (told,) = await drawn(town)
    await page.get_by_label("Kode på seks cifre").fill(told.code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Kontakten er skiftet")).to_be_visible()
    await context.close()
