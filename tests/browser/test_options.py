"""A municipality buys beside the fee by the link in its mail: it sees the price before it says yes."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import Browser, expect

from services.enrollment.usecases.quote_option import quote_option
from shared.contracts.enrollment import QuoteGiven
from tests.integration.enrollment.test_options import quoting, shop
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", False)])
async def test_an_option_is_ordered_and_a_quote_accepted_without_any_script(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    path, participants, enrolment = await shop(town)
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    await page.goto(participants)
    await page.get_by_role("link", name="Se, hvad I kan købe til").click()
    if scripts:
        await look(page, f"options-{width}")
    await page.get_by_role("link", name="Bestil Gennemgang af 25 sager").click()
    if scripts:
        await look(page, f"order-{width}")
    await page.get_by_role("button", name="Bestil").click()
    await expect(page.get_by_role("heading", name="Ret denne fejl")).to_be_visible()
    if scripts:
        await look(page, f"order-refused-{width}")
    await page.get_by_label("Vi betaler 95.000,00 kr. ekskl. moms (118.750,00 kr. inkl. moms)").check()
    await page.get_by_role("button", name="Bestil").click()
    await expect(page.get_by_role("link", name="Træk bestillingen tilbage af Gennemgang af 25 sager")).to_be_visible()

    await town.desk.ask(quote_option, quoting(enrolment, good_until=date(2020, 9, 30)))
    (given,) = [one for one in await town.desk.told() if isinstance(one, QuoteGiven)]
    assert given.quote_path is not None
    await page.goto(given.quote_path)
    await expect(page.get_by_text("onsdag den 30. september 2020")).to_be_visible()
    if scripts:
        await look(page, f"quote-{width}")
    await page.get_by_role("link", name="Nej tak").click()
    await expect(page.get_by_role("heading", name="Nej tak til tilbuddet?")).to_be_visible()
    if scripts:
        await look(page, f"decline-quote-{width}")
    await page.goto(given.quote_path)
    await page.get_by_role("button", name="Ja tak til tilbuddet").press("Enter")
    await expect(page.get_by_role("link", name="Træk bestillingen tilbage af Analyse")).to_be_visible()
    await page.get_by_role("link", name="Træk bestillingen tilbage af Analyse").click()
    await page.get_by_role("button", name="Træk bestillingen tilbage").click()
    await expect(page.get_by_text("Trukket tilbage")).to_be_visible()
    if scripts:
        await look(page, f"options-bought-{width}")
    assert path in page.url
    await context.close()
