"""Staff work with a programme: its pages at a phone's width and a desk's, without scripts, by keyboard, and for axe."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.integration.enrollment.test_waiting_list import with_places
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, sign_up
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser
HERE = f"/stab/forloeb/{P1}"
PROGRAMME = with_places(2, 2, forbehold="holds: always")


async def signed_in(
    chromium: Browser, workplace: Workplace, *, width: str = "desktop", scripts: bool = True, role: str = "consultant"
) -> BrowserContext:
    """The browser of somebody with this role, who has come in already."""
    context = await visitor(chromium, workplace, width=width, scripts=scripts)
    entered = await workplace.signed_in(role)
    given = [one for one in entered.cookies.jar if one.name.startswith("__Host-")]
    await context.add_cookies(
        [
            {
                "name": one.name,
                "value": one.value or "",
                "url": workplace.url.replace("http:", "https:"),
                "secure": True,
                "httpOnly": True,
                "sameSite": "Lax",
            }
            for one in given
        ]
    )
    return context


async def busy(desk: Desk) -> None:
    """Two have their places, one of them with a forbehold, one waits, and two meetings have their days."""
    await desk.publish(PROGRAMME)
    await desk.enrol(
        sign_up(AARHUS),
        sign_up(
            KOEBENHAVN,
            group="vest",
            forbehold=True,
            forbehold_committee="Børne- og ungeudvalget",
            forbehold_expected_on=date(2020, 9, 1),
        ),
        sign_up(HVIDOVRE),
    )
    first, _ = await desk.has_meetings(2)
    rows = await desk.pool.fetch("SELECT id FROM enrolments WHERE organisation_code = $1", AARHUS)
    await desk.register(rows[0]["id"], first.id, "Anna Andersen")
    await desk.told()


async def test_the_pages_of_a_programme(chromium: Browser, workplace: Workplace) -> None:
    await workplace.desk.publish(PROGRAMME)
    context = await signed_in(chromium, workplace)
    page = await context.new_page()
    await page.goto(HERE)
    await look(page, "programme-empty")
    await busy(workplace.desk)
    for width, shown in (("desktop", context), ("phone", await signed_in(chromium, workplace, width="phone"))):
        page = await shown.new_page()
        await page.goto(HERE)
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        await look(page, f"programme-{width}")
