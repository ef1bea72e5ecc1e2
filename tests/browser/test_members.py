"""A member names its people on its own page; and what somebody reads whose programme is called off."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.enrollment.adapters import links
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from shared.contracts.enrollment import CancelProgramme, MemberAdmitted
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import P1, programme_text
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser

P3 = "hvidovre-ungepartnerskab"
FIRMS = f"{P3}.virksomheder"


@pytest.mark.parametrize("width", ["phone", "desktop"])
async def test_a_member_names_three_to_four_people_and_no_fifth(chromium: Browser, town: Town, width: str) -> None:
    await town.desk.ask(publish_programme, PublishProgramme(file=programme_text(P3).replace("2013-", "2021-")))
    await town.desk.knows(FIRMS, main_email="kontor@virksomheder.example")
    (admitted,) = [fact for fact in await town.desk.told() if isinstance(fact, MemberAdmitted)]
    assert admitted.enrolment_id == enrolment_id(P3, FIRMS)

    context = await visitor(chromium, town, width=width)
    page = await context.new_page()
    await page.goto(admitted.participants_path or "")
    await expect(page.get_by_role("heading", name="Jeres deltagere og møder")).to_be_visible()
    await look(page, f"member-{width}")
    await page.get_by_role("link", name="Navngiv jeres deltagere").click()
    await look(page, f"member-team-{width}")
    for name in ("Anna", "Bo", "Carl", "Dorte"):
        await page.get_by_label("Navn").fill(name)
        await page.get_by_label("E-mail").fill(f"{name.lower()}@virksomheder.example")
        async with page.expect_navigation():
            await page.get_by_role("button", name="Navngiv").click()
    await expect(page.get_by_text("Alle pladser er taget")).to_be_visible()
    await expect(page.get_by_label("Navn")).to_have_count(0)
    await look(page, f"member-full-{width}")
    await context.close()


async def test_a_programme_that_is_called_off_says_so_on_every_page(chromium: Browser, town: Town) -> None:
    await town.desk.has_enrolled()
    await town.desk.has_meeting()
    path = links.participants_path(town.desk.links, await town.desk.guest())
    await town.desk.ask(cancel_programme, CancelProgramme(programme_id=P1, reason="For få tilmeldte."))

    context = await visitor(chromium, town)
    page = await context.new_page()
    for shown in (path, f"/tilmeld/{P1}"):
        await page.goto(shown)
        await expect(page.get_by_text("aflyst").first).to_be_visible()
        await look(page, f"called-off-{'participants' if shown == path else 'form'}")
    await expect(page.get_by_role("button", name="Tilmeld")).to_have_count(0)
    await page.goto(path)
    await expect(page.get_by_role("heading", name="Jeres deltagere og møder")).to_be_visible()
    await expect(page.get_by_text("For få tilmeldte.")).to_be_visible()
    await expect(page.get_by_role("link", name="Afmeld")).to_have_count(0)
    await context.close()
