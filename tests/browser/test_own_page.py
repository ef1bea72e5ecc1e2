"""The one page a municipality uses through the programme, at a phone and a desktop, with and without JavaScript."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from playwright.async_api import Browser, Page, expect

from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.quote_option import quote_option
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    MunicipalityEnrolled,
    OrderOption,
    QuoteOption,
    RoleWish,
    WithdrawEnrolment,
)
from shared.contracts.parties import Billing
from shared.contracts.scheduling import MeetingHeld, MeetingPlanned, MeetingScheduled
from tests.integration.enrollment import test_team
from tests.integration.enrollment.test_own_page import ENROLMENT, PRICE, file, hear, meeting, place, told
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import AARHUS, sign_up
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


async def under_way(town: Town) -> MunicipalityEnrolled:
    """A year in: one meeting is held, one is next, an option is ordered and one is quoted, details are missing."""
    desk = town.desk
    roles = {"faktura": RoleWish(name="Bo Bilag", email="bo@k0751.example")}
    wish = {"billing": Billing(), "roles": roles, "forbehold": True, "forbehold_expected_on": date(2020, 8, 10)}
    fact = await place(desk, file(forbehold="holds: always, fees_wait: false"), **wish)
    names = ("1. heldagsmøde i Vest", "1. digitale møde i Vest", "2. heldagsmøde i Vest", "2. digitale møde i Vest")
    held, soon, later, last = (
        meeting("vest-heldag-1", "2020-06-10", title=names[0], place="Fredericia"),
        meeting("vest-digital-1", "2020-09-24", title=names[1], kind="digital", mode="virtual"),
        meeting("vest-heldag-2", title=names[2]),
        meeting("vest-digital-2", title=names[3], kind="digital", mode="virtual"),
    )
    await hear(desk, MeetingScheduled, held, soon)
    await hear(desk, MeetingPlanned, later, last)
    for number, name in enumerate(("Anna Andersen", "Bo Berg", "Carla Carlsen", "Dorte Dahl")):
        await desk.register(ENROLMENT, held.id, name, PRICE if number > 2 else None)
    await hear(desk, MeetingHeld, held)
    await town.move_to(datetime(2020, 6, 15, 8, tzinfo=UTC))
    option = {"enrolment_id": ENROLMENT, "option_id": "sagsgennemgang"}
    await desk.ask(order_option, OrderOption(**option, accepted_price_ore=9_500_000))
    offer = {"price_ore": 6_000_000, "includes": "To grupper", "good_until": date(2020, 6, 20)}
    await desk.ask(quote_option, QuoteOption(enrolment_id=ENROLMENT, option_id="analyse", **offer))
    return fact


async def levels(page: Page) -> list[int]:
    headings = page.locator("main :is(h1, h2, h3, h4, h5)")
    return [int((await one.evaluate("each => each.tagName"))[1]) for one in await headings.all()]


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("phone", False), ("desktop", True)])
async def test_what_is_missing_stands_on_the_first_screen_and_all_else_is_one_step_away(
    chromium: Browser, town: Town, width: str, *, scripts: bool
) -> None:
    fact = await under_way(town)
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    await page.goto(str(fact.standing_path))
    missing = page.locator("#mangler + ol > li")
    await expect(missing).to_have_count(3)
    await expect(missing.first).to_contain_text("tilbuddet på Analyse")
    bottom = await missing.last.bounding_box()
    assert bottom is not None
    assert bottom["y"] + bottom["height"] <= (page.viewport_size or {"height": 0})["height"], "on the first screen"
    found = await levels(page)
    assert found[0] == 1
    assert found.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(found)), found
    if scripts:
        await look(page, f"own-page-{width}")

    for name in ("Mangler", "Møder", "Økonomi", "Svar", "Kontakt"):
        await page.get_by_role("navigation", name="På siden").get_by_role("link", name=name).click()
        section = {"Mangler": "mangler", "Møder": "moeder", "Økonomi": "oekonomi"}.get(name, name.lower())
        await expect(page.locator(f"#{section}")).to_be_in_viewport()
    answers = page.get_by_text("Fordi <det> gavner.")
    await expect(answers).to_be_hidden()
    await page.get_by_text("Det svarede I ved tilmeldingen").click()
    await expect(answers).to_be_visible()
    await page.get_by_text("Holdt og aflyst (1)").click()
    await expect(page.get_by_text("3 af 3 pladser brugt og 1 ekstra")).to_be_visible()
    if scripts:
        await look(page, f"own-page-unfolded-{width}")
    await page.get_by_role("link", name="1. digitale møde i Vest").click()
    await expect(page.get_by_role("heading", name="1. digitale møde i Vest")).to_be_visible()
    await context.close()


async def test_the_first_thing_that_is_missing_is_reached_by_the_keyboard_alone(chromium: Browser, town: Town) -> None:
    fact = await under_way(town)
    context = await visitor(chromium, town, width="phone")
    page = await context.new_page()
    await page.goto(str(fact.standing_path))
    walked = []
    for _ in range(8):
        await page.keyboard.press("Tab")
        walked.append(await page.evaluate("document.activeElement.textContent.trim()"))
        if walked[-1].startswith("Svar på tilbuddet"):
            break
    assert walked[2:] == [
        "Mangler",
        "Møder",
        "Økonomi",
        "Svar",
        "Kontakt",
        "Svar på tilbuddet på Analyse: det gælder til og med 20. juni 2020",
    ]
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Nej tak")).to_be_visible()
    fold = page.get_by_text("Det svarede I ved tilmeldingen")
    await page.go_back()
    await fold.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Fordi <det> gavner.")).to_be_visible()
    await context.close()


@pytest.mark.parametrize("width", ["phone", "desktop"])
async def test_a_free_programme_with_a_team_and_one_that_was_left_are_looked_at_too(
    chromium: Browser, town: Town, width: str
) -> None:
    desk = town.desk
    await desk.ask(publish_programme, PublishProgramme(file=test_team.chosen()))
    await desk.enrol(sign_up(AARHUS, programme_id=test_team.P4, answers=test_team.DECLARED))
    team = await told(desk)
    start = meeting("startseminar", "2024-11-28", group=None, title="Startseminar", place="København")
    await hear(desk, MeetingScheduled, start, programme=test_team.P4)
    await desk.ask(name_team_member, test_team.naming("Anna"))
    fact = await place(desk)
    context = await visitor(chromium, town, width=width)
    page = await context.new_page()
    await page.goto(str(team.standing_path))
    await expect(page.get_by_text("Det er gratis.")).to_be_visible()
    await look(page, f"own-page-free-{width}")
    await page.goto(str(fact.standing_path))
    await expect(page.get_by_text("Lige nu er der ikke noget, I skal gøre.")).to_be_visible()
    await look(page, f"own-page-nothing-missing-{width}")
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    await page.reload()
    await expect(page.get_by_text("Afmeldt", exact=True)).to_be_visible()
    await look(page, f"own-page-left-{width}")
    await context.close()
