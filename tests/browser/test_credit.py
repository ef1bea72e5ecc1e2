"""Staff credit an invoice by a link of their own: they tick the lines, say why, and find the credit note's files."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from services.invoicing.adapters.links import GOOD_FOR
from shared.contracts.invoicing import CreditNoteIssued
from tests.support.browser import look, visitor
from tests.support.facts import (
    a_meeting_held,
    a_person,
    an_extra_participant,
    an_extra_participant_removed,
)
from tests.support.invoicing_web import CountingHouse

pytestmark = pytest.mark.browser

BO, CARL = a_person("Bo Prøvesen"), a_person("Carl Prøvesen", "carl@kobenhavn.example")
REASON = "Bo blev meldt fra dagen efter mødet."


async def invoiced(house: CountingHouse) -> str:
    """The path of an invoice for Bo, who was removed afterwards, and Carl."""
    books = house.books
    await books.hear(an_extra_participant(person=BO), an_extra_participant(person=CARL), a_meeting_held())
    await books.ring(datetime(2021, 4, 16, 6, tzinfo=UTC))
    await books.hear(an_extra_participant_removed(person=BO))
    await books.told()
    await house.move_clock()
    return await house.page_of("N-1")


async def press(page: Page) -> None:
    async with page.expect_navigation():
        await page.get_by_role("button", name="Kreditér de valgte linjer").click()


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desktop", True), ("desktop", False)])
async def test_staff_credit_the_one_who_was_removed_and_later_the_rest(
    chromium: Browser, counting_house: CountingHouse, width: str, *, scripts: bool
) -> None:
    path = await invoiced(counting_house)
    context = await visitor(chromium, counting_house, width=width, scripts=scripts)
    page = await context.new_page()
    answer = await page.goto(path)
    assert answer is not None
    assert answer.headers["referrer-policy"] == "strict-origin"
    if scripts:
        await look(page, f"credit-{width}")
    await expect(page.get_by_label(f"{BO.name} –")).to_be_checked()
    await expect(page.get_by_label(f"{CARL.name} –")).not_to_be_checked()
    await expect(
        page.get_by_text("Bør krediteres: faktureret og siden bortfaldet. Deltageren er meldt fra.")
    ).to_be_visible()

    await press(page)
    await expect(page.get_by_role("alert").first).to_contain_text("Begrundelse: Skriv, hvorfor fakturaen krediteres.")
    await expect(page.get_by_label(f"{BO.name} –")).to_be_checked()
    if scripts:
        await look(page, f"credit-refused-{width}")
    assert await counting_house.books.told() == []

    await page.get_by_label("Begrundelse").fill(REASON)
    await press(page)
    await expect(page.get_by_role("status")).to_contain_text("Kreditnota N-2 er udstedt")
    await expect(page.get_by_text("1.250,00 kr. inkl. moms").first).to_be_visible()
    if scripts:
        await look(page, f"credited-{width}")
    (note,) = await counting_house.books.told()
    assert isinstance(note, CreditNoteIssued)
    assert (note.reason, [BO.name in line.text for line in note.lines]) == (REASON, [True])

    await page.reload()
    await page.get_by_label(f"{CARL.name} –").check()
    await page.get_by_label("Begrundelse").fill("Aftalt med kommunen.")
    await press(page)
    await expect(page.get_by_text("Hele fakturaen er krediteret.")).to_be_visible()
    await expect(page.get_by_text("Mangler at blive betalt")).to_be_visible()
    if scripts:
        await look(page, f"all-credited-{width}")
    await page.get_by_role("link", name="Vis N-2").first.click()
    await expect(page.get_by_role("heading", name="Kreditnota N-2")).to_be_visible()
    if scripts and width == "desktop":  # it is laid out for paper
        await look(page, "credit-note")
    await context.close()


async def test_the_form_is_filled_in_and_sent_with_the_keyboard_alone(
    chromium: Browser, counting_house: CountingHouse
) -> None:
    path = await invoiced(counting_house)
    context = await visitor(chromium, counting_house)
    page = await context.new_page()
    await page.goto(path)
    carl = page.get_by_label(f"{CARL.name} –")
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await carl.evaluate("box => box === document.activeElement"):
            break
    await page.keyboard.press("Space")
    await expect(carl).to_be_checked()
    await page.get_by_label(f"{BO.name} –").focus()
    await page.keyboard.press("Space")
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.get_by_label("Begrundelse").evaluate("box => box === document.activeElement"):
            break
    await page.keyboard.type(REASON)
    await page.keyboard.press("Tab")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Kreditnota N-2 er udstedt")
    (note,) = await counting_house.books.told()
    assert isinstance(note, CreditNoteIssued)
    assert [CARL.name in line.text for line in note.lines] == [True]
    await context.close()


async def test_with_nothing_ticked_staff_are_asked_to(chromium: Browser, counting_house: CountingHouse) -> None:
    path = await invoiced(counting_house)
    context = await visitor(chromium, counting_house, scripts=False)
    page = await context.new_page()
    await page.goto(path)
    await page.get_by_label(f"{BO.name} –").uncheck()
    await page.get_by_label("Begrundelse").fill(REASON)
    await press(page)
    await expect(page.get_by_role("alert").first).to_contain_text("Linjer: Vælg mindst én linje.")
    await expect(page.get_by_label("Begrundelse")).to_have_value(REASON)
    assert await counting_house.books.told() == []
    await context.close()


async def test_the_button_pressed_twice_is_one_credit_note(counting_house: CountingHouse) -> None:
    path = await invoiced(counting_house)
    client = counting_house.client
    shown = (await client.get(path)).text
    key, line = re.search('name="_key" value="([^"]+)"', shown), re.search('name="lines" value="([^"]+)"', shown)
    assert key is not None
    assert line is not None
    typed = {"_key": key[1], "lines": line[1], "reason": REASON}
    answers = await asyncio.gather(*(client.post(path, data=typed) for _ in range(3)))
    assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, f"{path}?kreditnota=N-2")] * 3
    assert len(await counting_house.books.told()) == 1
    again = await client.post(path, data=typed | {"_key": "another-key-0001"})
    assert again.status_code == 409
    assert "er krediteret i forvejen" in again.text


async def test_the_link_shows_the_files_of_its_own_invoice_only_and_ends_with_the_working_day(
    counting_house: CountingHouse,
) -> None:
    path = await invoiced(counting_house)
    client, books = counting_house.client, counting_house.books
    for suffix, kind in (("html", "text/html"), ("pdf", "application/pdf"), ("xml", "application/xml")):
        answer = await client.get(f"{path}/N-1.{suffix}")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
        assert answer.headers["cache-control"] == "no-store"
    for missing in ("N-2.html", "N-1.exe"):
        assert (await client.get(f"{path}/{missing}")).status_code == 404
    assert (await client.get(path[:-2] + ("AA" if not path.endswith("AA") else "BB"))).status_code == 404
    another_site = {"Sec-Fetch-Site": "cross-site", "Content-Type": "application/x-www-form-urlencoded"}
    assert (await client.post(path, content="_key=x", headers=another_site)).status_code == 403

    books.time += GOOD_FOR - timedelta(seconds=1)
    await counting_house.move_clock()
    assert (await client.get(path)).status_code == 200
    books.time += timedelta(seconds=1)
    await counting_house.move_clock()
    for late in (path, f"{path}/N-1.pdf"):
        assert (await client.get(late)).status_code == 404
