"""A participant and a municipality's contact on pages of their own, with what other services show in them.

The three services stand behind one address, as the gateway has them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, Route, expect

from shared.contracts.enrollment import MunicipalityEnrolled, ParticipantRegistered, ProgrammePublished
from shared.contracts.scheduling import MeetingScheduled
from tests.integration.enrollment.test_own_page import ENROLMENT, hear, meeting, place
from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town
from tests.support.invoicing_web import CountingHouse
from tests.support.notifications_web import CalendarOffice

pytestmark = pytest.mark.browser
SEE_OTHER = 303


async def begun(town: Town, house: CountingHouse, office: CalendarOffice) -> tuple[str, str]:
    """A place with two meetings, an invoice and a receipt; the contact's page, and the seat of a participant."""
    await place(town.desk)
    await hear(
        town.desk,
        MeetingScheduled,
        meeting("vest-heldag-1", "2020-10-10", place="Mødehuset, Vejle"),
        meeting("vest-digital-1", "2020-11-01", mode="virtual", link="https://moede.example/rum"),
    )
    await town.desk.register(ENROLMENT, "id-vest-heldag-1", "Anna Andersen")
    await town.desk.register(ENROLMENT, "id-vest-digital-1", "Anna Andersen")
    town.desk.read_to = 0
    told = await town.desk.told()
    heard = [one for one in told if isinstance(one, ProgrammePublished | MunicipalityEnrolled | ParticipantRegistered)]
    await office.desk.hear(*heard)
    for one in heard:
        if isinstance(one, ParticipantRegistered):
            scheduled = MeetingScheduled(
                owner=one.programme.meetings_owner, programme=one.programme, meeting=one.meeting
            )
            await office.desk.hear(scheduled)
    await house.books.hear(*[one for one in heard if isinstance(one, MunicipalityEnrolled)])
    (enrolled,) = [one for one in heard if isinstance(one, MunicipalityEnrolled)]
    seat = next(one for one in heard if isinstance(one, ParticipantRegistered)).seat_path
    return enrolled.standing_path or "", seat or ""


async def behind_one_address(page: Page, *places: tuple[str, str]) -> None:
    """What is asked of these paths goes to the service that has it."""
    for prefix, url in places:
        await page.route(re.compile(rf"^http://[^/]+{prefix}/"), _leads_to(url))


def _leads_to(url: str) -> Callable[[Route], Awaitable[None]]:
    async def onward(route: Route) -> None:
        path = "/" + route.request.url.split("/", 3)[3]
        # The gateway keeps the host that was asked; here each service answers by its own name.
        headers = {**await route.request.all_headers(), "origin": url}
        answer = await route.fetch(url=f"{url}{path}", headers=headers, max_redirects=0)
        if answer.status == SEE_OTHER:
            # What a redirect leads to is not brought here: a page leads on instead.
            there = answer.headers["location"]
            await route.fulfill(
                body=f'<meta http-equiv="refresh" content="0; url={there}">', content_type="text/html; charset=utf-8"
            )
        else:
            await route.fulfill(response=answer)

    return onward


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", False)])
async def test_a_contact_and_a_participant_find_all_of_theirs_and_subscribe_to_the_calendar(
    chromium: Browser,
    town: Town,
    counting_house: CountingHouse,
    calendar_office: CalendarOffice,
    width: str,
    *,
    scripts: bool,
) -> None:
    house, office = counting_house, calendar_office
    standing, seat = await begun(town, house, office)
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    # Another service is away: the page says so and its link stays.
    await page.goto(standing)
    if scripts:
        await expect(page.get_by_text("Kalenderen kan ikke vises lige nu")).to_be_visible()
        await look(page, f"standing-away-{width}")
    await expect(page.get_by_role("link", name="Se jeres fakturaer og kreditnotaer")).to_be_visible()
    await behind_one_address(page, ("/notifications", office.url), ("/invoicing", house.url))
    await page.goto(standing)
    if scripts:
        await expect(page.get_by_text("I har ikke fået nogen faktura endnu.")).to_be_visible()
        await expect(page.get_by_role("link", name="Abonnér på kalenderen")).to_have_attribute(
            "href", re.compile(r"^webcal://tovholder\.example/notifications/kalender/abonnement/.+\.ics$")
        )
        await look(page, f"standing-{width}")
    await page.goto(seat)
    await page.get_by_role("link", name="Alle jeres møder").press("Enter")
    await expect(page.get_by_role("heading", name="Jeres møder", level=1)).to_be_visible()
    if scripts:
        await expect(page.get_by_text("Virker knappen ikke?")).to_be_visible()
        await look(page, f"own-page-{width}")
        await page.get_by_text("Virker knappen ikke?").click()
        await look(page, f"own-page-address-{width}")
    else:
        await page.get_by_role("link", name="Abonnér på kalenderen").click()
        await expect(page.get_by_role("heading", name="Abonnér på kalenderen", level=1)).to_be_visible()
    await page.get_by_role("link", name="Nyt abonnement, luk det gamle").press("Enter")
    await expect(page.get_by_role("button", name="Lav ny adresse, og luk den gamle")).to_be_visible()
    if scripts:
        await look(page, f"renew-{width}")
    await page.get_by_role("button", name="Lav ny adresse, og luk den gamle").press("Enter")
    await expect(page.get_by_text("Abonnementet har fået en ny adresse")).to_be_visible()
    if scripts:
        await look(page, f"calendar-{width}")
    assert await office.desk.pool.fetchval("SELECT generation FROM calendar_subscriptions") == 1
    await context.close()
