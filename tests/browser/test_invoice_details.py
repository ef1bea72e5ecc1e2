"""A municipality gives what its invoice lacks by the link in its mail: all that is wrong is shown at its fields."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from shared.contracts.enrollment import BillingChanged
from tests.integration.enrollment.test_billing import book, enrolled
from tests.integration.enrollment.test_roles import asked_for, lacks_something
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", False)])
async def test_what_is_missing_is_given_on_the_page_that_the_standing_leads_to(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    await book(town.desk)
    told = await enrolled(town.desk)
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    await page.goto(str(told.standing_path))
    await page.get_by_role("link", name="Giv oplysninger til fakturaen").click()
    await expect(page.locator("#mangler")).to_contain_text("Ordre-/rekvisitionsnummer")
    if scripts:
        await look(page, f"invoice-details-{width}")
    await page.get_by_label("Ordre-/rekvisitionsnummer").fill("4711-2020")
    await page.get_by_label("EAN-nummer").fill("5798009800016")
    await page.get_by_label("E-mail til fakturaer").fill("faktura")
    await page.get_by_role("button", name="Gem oplysningerne").press("Enter")
    summary = page.get_by_role("alert")
    await expect(summary.get_by_role("link")).to_have_count(2)
    await expect(page.get_by_label("Ordre-/rekvisitionsnummer")).to_have_value("4711-2020")
    if scripts:
        await look(page, f"invoice-details-wrong-{width}")
    await summary.get_by_role("link", name="EAN-nummer").click()
    await page.get_by_label("EAN-nummer").fill("")
    await page.get_by_label("E-mail til fakturaer").fill("faktura@k0751.example")
    await page.get_by_label("Enhed, der skal betale").select_option(label="Jobcentret")
    await page.get_by_label("Personreference").fill("Afsnit 4")
    await page.get_by_role("button", name="Gem oplysningerne").press("Enter")
    await expect(page.get_by_text("Oplysningerne er gemt")).to_be_visible()
    if scripts:
        await look(page, f"invoice-details-given-{width}")
    (changed,) = [one for one in await town.desk.told() if isinstance(one, BillingChanged)]
    assert (changed.billing.unit, changed.billing.order_reference) == ("job", "4711-2020")
    assert changed.billing_missing == ()
    await context.close()


@pytest.mark.parametrize("scripts", [True, False])
async def test_whoever_holds_the_billing_role_gives_it_on_a_page_of_their_own(
    chromium: Browser, town: Town, *, scripts: bool
) -> None:
    await lacks_something(town.desk)
    (link,) = (await asked_for(town.desk)).billing_links
    await town.move_to(town.desk.time)
    context = await visitor(chromium, town, width="phone", scripts=scripts)
    page = await context.new_page()
    await page.goto(link.path)
    await expect(page.locator("#mangler")).to_contain_text("Ordre-/rekvisitionsnummer")
    await expect(page.get_by_role("link", name="Tilbage til tilmeldingen")).to_have_count(0)
    if scripts:
        await look(page, "invoice-details-role-phone")
    await page.get_by_label("Ordre-/rekvisitionsnummer").fill("4711-2020")
    await page.get_by_role("button", name="Gem oplysningerne").press("Enter")
    await expect(page.get_by_text("Oplysningerne er gemt")).to_be_visible()
    await context.close()
