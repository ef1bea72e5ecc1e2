"""A municipality sees where it stands by the link in its mail, answers its forbehold there, and leaves the list."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import Browser, expect

from shared.contracts.enrollment import EnrolmentWaitlisted, MunicipalityEnrolled
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, with_places
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import P1, sign_up
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


async def paths(town: Town) -> tuple[str, str]:
    """Of one that has a place with a forbehold, and of one that waits."""
    await town.desk.publish(with_places(1, 1, forbehold="holds: always"))
    first, second = await codes_of(town.desk, 2)
    about_it = {"forbehold_committee": "Udvalget for unge", "forbehold_expected_on": date(2020, 9, 15)}
    await enrolled(town.desk, sign_up(first, forbehold=True, **about_it), sign_up(second))
    told = await town.desk.told()
    (place,) = [one.standing_path for one in told if isinstance(one, MunicipalityEnrolled)]
    (waits,) = [one.standing_path for one in told if isinstance(one, EnrolmentWaitlisted)]
    assert place is not None
    assert waits is not None
    return place, waits


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", False)])
async def test_a_no_is_confirmed_by_a_button_and_the_next_one_has_the_place(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    place, waits = await paths(town)
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    await page.goto(waits)
    await expect(page.get_by_text("I er nr. 1 på ventelisten")).to_be_visible()
    if scripts:
        await look(page, f"waits-{width}")
    await page.goto(place)
    await expect(page.get_by_text("tirsdag den 15. september 2020")).to_be_visible()
    if scripts:
        await look(page, f"forbehold-{width}")
    await page.get_by_role("link", name="Det er ikke godkendt").click()
    await expect(page.get_by_text("Pladsen går videre til den næste på ventelisten")).to_be_visible()
    if scripts:
        await look(page, f"answer-{width}")
    await page.get_by_role("button", name="Nej, det er ikke godkendt").press("Enter")
    await expect(page.get_by_text("Ikke godkendt politisk", exact=True)).to_be_visible()
    if scripts:
        await look(page, f"refused-{width}")
    await page.goto(waits)
    await expect(page.get_by_role("link", name="Se møder og deltagere")).to_be_visible()
    await context.close()


async def test_whoever_signs_up_when_all_places_are_taken_reads_so_first(chromium: Browser, town: Town) -> None:
    await paths(town)
    context = await visitor(chromium, town, width="phone")
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await expect(page.get_by_text("Alle pladser er taget")).to_be_visible()
    committee = page.get_by_label("Udvalg, der skal godkende")
    await expect(committee).to_be_hidden()
    await page.get_by_label("Vi tilmelder os med forbehold for politisk godkendelse").check()
    await expect(committee).to_be_visible()
    await look(page, "full-phone")
    await context.close()


async def test_a_place_on_the_list_is_given_up_by_a_button(chromium: Browser, town: Town) -> None:
    _, waits = await paths(town)
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(waits)
    await page.get_by_role("link", name="Forlad ventelisten").click()
    await expect(page.get_by_text("I mister jeres plads i rækken")).to_be_visible()
    await look(page, "leave-desktop")
    await page.get_by_role("button", name="Afmeld kommunen").press("Enter")
    await expect(page.get_by_text("Afmeldt", exact=True)).to_be_visible()
    await context.close()
