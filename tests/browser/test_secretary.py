"""A contact gives a secretary access, the secretary helps by a link of their own, and the access is closed."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from shared.contracts.enrollment import MunicipalityEnrolled, RoleAppointed
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import sign_up
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


async def given_by(page: Page, width: str, *, scripts: bool) -> None:
    """By keyboard alone; first with nothing filled in."""
    await page.get_by_role("link", name="Giv en sekretær adgang").press("Enter")
    give = page.get_by_role("button", name="Giv adgang")
    if scripts:
        await look(page, f"secretary-give-{width}")
    await give.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    if scripts:
        await expect(page.get_by_role("alert")).to_be_focused()
        await look(page, f"secretary-errors-{width}")
    await page.get_by_label("Sekretærens navn").fill("Sara Sekretær")
    await page.get_by_label("Sekretærens e-mail").fill("sara@aarhus.example")
    await give.press("Enter")
    await expect(page.get_by_text("Sekretæren har adgang")).to_be_visible()
    if scripts:
        await look(page, f"secretary-given-{width}")


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", False)])
async def test_a_secretary_helps_by_a_link_of_their_own_until_it_is_closed(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    await town.desk.publish()
    await town.desk.enrol(sign_up())
    await town.desk.has_meeting()
    (enrolled,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    await page.goto(str(enrolled.standing_path))
    await given_by(page, width, scripts=scripts)
    (access,) = [one for one in await town.desk.told() if isinstance(one, RoleAppointed)]

    other = await context.new_page()
    await other.goto(str(access.standing_path))
    await expect(other.get_by_text("I er sekretær for")).to_be_visible()
    await expect(other.get_by_role("link", name="Skift tovholder")).to_have_count(0)
    if scripts:
        await look(other, f"secretary-page-{width}")
    await other.goto(f"{access.standing_path}/afmeld")
    await expect(other.get_by_role("heading", level=1, name="Det kan kun kontakten")).to_be_visible()
    if scripts:
        await look(other, f"secretary-not-theirs-{width}")

    await page.get_by_role("link", name="Luk adgangen").press("Enter")
    if scripts:
        await look(page, f"secretary-close-{width}")
    await page.get_by_role("button", name="Luk adgangen").press("Enter")
    await expect(page.get_by_text("Adgangen er lukket", exact=True)).to_be_visible()
    await other.goto(str(access.standing_path))
    await expect(other.get_by_role("heading", level=1, name="Adgangen er lukket")).to_be_visible()
    if scripts:
        await look(other, f"secretary-closed-{width}")
    await context.close()
