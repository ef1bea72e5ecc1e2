"""A programme is written in the editor: at a desk and on a phone, without scripts, by keyboard alone, and for axe."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_staff_programme import signed_in
from tests.support.browser import look
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser
HERE = "/stab/redigering"
P2 = "flere-i-arbejde"


async def press(page: Page, name: str | re.Pattern[str], role: str = "button") -> None:
    """By keyboard alone: it has the focus, and Enter is pressed."""
    found = page.get_by_role(role, name=name).first  # type: ignore[arg-type]  # a link or a button
    await found.focus()
    await expect(found).to_be_focused()
    await page.keyboard.press("Enter")


async def types(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=False).first
    await field.focus()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type(text)


async def begins(page: Page, year: str) -> str:
    """A copy of P2; the address of its draft."""
    await page.goto(f"{HERE}/nyt")
    await page.get_by_label("Begynd med").select_option(f"skabelon:{P2}")
    await types(page, "Titel", f"Flere i arbejde {year}")
    await types(page, "Kort navn", f"{P2}-{year}")
    await types(page, "Året, det begynder", year)
    await press(page, "Begynd kladden")
    await expect(page.get_by_role("status").first).to_contain_text("Kladden er begyndt")
    return page.url.partition("?")[0]


@pytest.mark.parametrize(("width", "scripts"), [("desktop", True), ("phone", False)])
async def test_p2_is_copied_edited_looked_at_and_published_by_keyboard(  # noqa: PLR0915  (one walk, and what is seen on it)
    chromium: Browser, workplace: Workplace, width: str, *, scripts: bool
) -> None:
    """At a desk with scripts, on a phone without."""
    context = await signed_in(chromium, workplace, width=width, scripts=scripts)
    page = await context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)

    async def seen(name: str) -> None:
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        if scripts:
            await look(page, f"editor-{name}-{width}")

    await page.goto(HERE)
    await seen("empty")
    await press(page, "Nyt forløb", "link")
    await press(page, "Begynd kladden")
    await expect(page.get_by_role("alert").first).to_be_visible()
    await seen("begin-wrong")
    draft = await begins(page, "2026")
    await seen("draft")

    await press(page, re.compile("flyttede datoer skal ses efter"), "link")
    await seen("dates")
    for box in await page.get_by_role("checkbox").all():
        await box.focus()
        await page.keyboard.press("Space")
    await press(page, "Gem, at de er set efter")
    await expect(page.get_by_role("status").first).to_contain_text("Datoerne er set efter")

    await page.goto(draft)
    await press(page, "Priser og rater", "link")
    await types(page, "Pris i alt", "180000")
    await press(page, "Tjek")
    await expect(page.get_by_role("alert").first).to_contain_text("Raterne giver")
    await seen("fees-wrong")
    await press(page, "Gem")
    await expect(page.get_by_role("status").first).to_contain_text("Det er gemt")
    await press(page, re.compile("^Rater"), "link")
    await seen("instalments")
    await press(page, re.compile("rate 2 af 2"), "link")
    await types(page, "Beløb", "95.000,00")
    await press(page, "Gem, og tilbage til listen")
    await expect(page.get_by_role("heading", level=1, name="Rater")).to_be_visible()
    await press(page, re.compile("^Ned.*rate 1"))
    await expect(page.locator("main ol li", has_text="(201").first).to_contain_text("rate 2 af 2")

    await page.goto(f"{draft}/felter/meetings")
    await press(page, "Tilføj møde", "link")
    await types(page, "Kort navn", "afslutning")
    await types(page, "Titel", "Afslutning")
    await page.get_by_label("Mødetype").select_option("netvaerksmoede")
    await page.get_by_label("Hvad der er fastlagt").select_option("day")
    day = page.get_by_label("Dato", exact=False).first
    await day.fill("2027-10-22")
    if scripts:
        await day.blur()
        await expect(page.get_by_text("fredag den 22. oktober 2027 · efterårsferie i uge 42")).to_be_visible()
    await seen("meeting")
    await press(page, "Gem, og tilbage til listen")
    await expect(page.get_by_role("link", name="Afslutning", exact=True)).to_be_visible()
    await seen("meetings")

    await page.goto(draft)
    await press(page, re.compile("Læsninger, der er valgt"), "link")
    await seen("readings")
    await page.goto(draft)
    await press(page, "Forhåndsvis", "link")
    await seen("preview")
    await press(page, "Se siden, man tilmelder sig på", "link")
    await expect(page.get_by_role("button", name="Send tilmeldingen")).to_be_disabled()
    await seen("sign-up")
    await page.goto(draft)
    await press(page, "Udgiv", "link")
    await seen("publish")
    await press(page, "Udgiv")
    await expect(page.get_by_role("status").first).to_contain_text("Forløbet er udgivet")
    assert blocked == []

    if scripts:
        await page.goto(f"{HERE}/ny-version/{P2}-2026")
        await press(page, "Begynd kladden")
        await expect(page.get_by_role("status").first).to_contain_text("Kladden er begyndt")
        again = page.url.partition("?")[0]
        await page.goto(f"{again}/felter/meetings.3")
        await seen("meeting-dated")
        await page.goto(f"{again}/felter/om")
        await seen("front")
        await types(page, "Titel", "Mange i arbejde")
        await press(page, "Gem")
        await expect(page.get_by_role("status").first).to_contain_text("Det er gemt")
        await page.goto(f"{again}/udgiv")
        await expect(page.get_by_role("row", name="Titel")).to_contain_text("Mange i arbejde")
        await seen("publish-version")
        await page.goto(f"{again}/fil")
        await seen("file")
        await page.goto(f"{again}/kasser")
        await seen("discard")
        await page.goto(HERE)
        await seen("full")
    await context.close()


async def test_two_who_edit_at_once_choose_between_what_they_wrote(chromium: Browser, workplace: Workplace) -> None:
    one, other = [await (await signed_in(chromium, workplace, width="phone")).new_page() for _ in range(2)]
    draft = await begins(one, "2027")
    for page in (one, other):
        await page.goto(f"{draft}/felter/organiser")
    await types(other, "By", "Aarhus C")
    await types(other, "Telefon", "70 00 00 03")
    await press(other, "Gem")
    await expect(other.get_by_role("status").first).to_contain_text("Det er gemt")
    await types(one, "By", "Odense C")
    await types(one, "Vej og nummer", "Ny Vej 1")
    await press(one, "Gem")
    await expect(one.get_by_role("heading", level=1)).to_have_text("En anden har gemt imens")
    await look(one, "editor-merge-phone")
    await one.get_by_role("radio", name="Den andens: Aarhus C").focus()
    await one.keyboard.press("Space")
    await press(one, "Gem begge dele")
    await expect(one.get_by_role("status").first).to_contain_text("Det er gemt")
    await expect(one.get_by_label("By", exact=True)).to_have_value("Aarhus C")
    await expect(one.get_by_label("Vej og nummer")).to_have_value("Ny Vej 1")
