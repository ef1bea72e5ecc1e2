"""A sheet is read in and a person is erased: at a desk and on a phone, without scripts, by keyboard alone, for axe."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_staff_programme import signed_in
from tests.integration.enrollment.test_erasing_page import address_of, anna
from tests.integration.enrollment.test_import_enrolments import FILE, HEADING, one_place
from tests.integration.enrollment.test_import_page import many
from tests.support.browser import look
from tests.support.enrollment_desk import P1
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser
HERE = f"/stab/forloeb/{P1}/indlaes"
WRONG = f"{HEADING}\n9999;;ikke en adresse;chef;;;;;\n0751;Asta Prøvesen;asta@k0751.example;kontakt;;;ja;;\n"


async def chosen(page: Page, sheet: str) -> None:
    """As whoever uses the keyboard alone: a file dialog is the browser's own."""
    file = {"name": "ark.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a FilePayload
    await pressed(page, "Se, hvad der sker")


async def pressed(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).focus()
    await page.keyboard.press("Enter")


@pytest.mark.timeout(120)
async def test_a_sheet_of_enrolments_is_read_in_by_anybody(chromium: Browser, workplace: Workplace) -> None:
    """At a desk with a keyboard; a thousand rows are left, and are there when whoever left comes back."""
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    desk.time += timedelta(hours=1)
    context = await signed_in(chromium, workplace)
    page = await context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(f"/stab/forloeb/{P1}")
    await page.locator("summary", has_text="Flere handlinger").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Indlæs tilmeldinger fra et ark").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Indlæs tilmeldinger")
    await look(page, "import-empty-desktop")
    await pressed(page, "Se, hvad der sker")
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "import-none-desktop")
    await chosen(page, WRONG)
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "import-wrong-desktop")
    await chosen(page, FILE)
    await expect(page.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()
    await look(page, "import-said-desktop")

    await page.goto(HERE)
    await chosen(page, many(1000))
    await page.get_by_role("button", name="Indlæs").click()
    await expect(page.get_by_text("0 af 1000 rækker")).to_be_visible()
    at = page.url
    await desk.ring()
    await expect(page.get_by_text("10 af 1000 rækker")).to_be_visible()
    await look(page, "import-going-desktop")
    await page.goto("/stab")
    while await desk.ring():
        pass
    await page.goto(at)
    await expect(page.get_by_text("1000 af 1000 rækker")).to_be_visible()
    await look(page, "import-over-desktop")
    assert blocked == []


@pytest.mark.timeout(120)
async def test_a_sheet_is_read_in_on_a_phone_without_scripts(chromium: Browser, workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish(one_place())
    await desk.has_meeting()
    desk.time += timedelta(hours=1)
    shown = await (await signed_in(chromium, workplace, width="phone")).new_page()
    await shown.goto(HERE)
    await look(shown, "import-empty-phone")
    await chosen(shown, WRONG)
    await expect(shown.get_by_role("alert").first).to_be_focused()
    await look(shown, "import-wrong-phone")
    await chosen(shown, FILE)
    await expect(shown.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()
    await look(shown, "import-said-phone")
    small = await (await signed_in(chromium, workplace, width="phone", scripts=False)).new_page()
    await small.goto(HERE)
    await chosen(small, WRONG)
    await expect(small.get_by_role("cell", name="unknown_role")).to_be_visible()
    await chosen(small, FILE)
    await pressed(small, "Indlæs 5 rækker")
    await expect(small.get_by_role("heading", name="Arket indlæses nu")).to_be_visible()
    await shown.goto(small.url)
    await look(shown, "import-going-phone")
    while await desk.ring():
        pass
    await small.get_by_role("link", name="Opdatér").focus()
    await small.keyboard.press("Enter")
    await expect(small.get_by_role("heading", name="Arket er læst ind")).to_be_visible()
    await expect(small.get_by_text("7 af 7 rækker er behandlet", exact=False)).to_be_visible()
    await expect(shown.get_by_role("heading", name="Arket er læst ind")).to_be_visible()
    await look(shown, "import-over-phone")


@pytest.mark.timeout(120)
async def test_a_person_is_erased_by_keyboard_and_on_a_phone_without_scripts(
    chromium: Browser, workplace: Workplace
) -> None:
    """What goes and stays at a desk; the word on a phone; the other services are away here, and their links stay."""
    desk, person_id = workplace.desk, await anna(workplace)
    email = await address_of(workplace, person_id)
    page = await (await signed_in(chromium, workplace, role="administrator")).new_page()
    await page.goto("/stab/adgang")
    await page.get_by_role("link", name="Slet en person").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Slet en person")
    await look(page, "erase-empty-desktop")
    await page.get_by_label("Mailadresse").fill("ingen@k0751.example")
    await pressed(page, "Se, hvad der sker")
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "erase-nobody-desktop")
    await page.get_by_label("Mailadresse").fill(email)
    await pressed(page, "Se, hvad der sker")
    await expect(page.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()
    await expect(page.get_by_text("kan ikke vises lige nu").first).to_be_visible()
    await look(page, "erase-said-desktop")
    await pressed(page, "Slet personen for altid")
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "erase-no-word-desktop")

    small = await (await signed_in(chromium, workplace, width="phone", scripts=False, role="administrator")).new_page()
    await small.goto("/stab/personer")
    await small.get_by_label("Mailadresse").fill(email)
    await pressed(small, "Se, hvad der sker")
    await small.get_by_label("Skriv SLET").fill("SLET")
    await pressed(small, "Slet personen for altid")
    await expect(small.get_by_role("heading", name="Sletning af en person")).to_be_visible()
    await page.goto(small.url)
    await look(page, "erase-going-desktop")
    desk.time += timedelta(hours=1)
    while await desk.ring():
        pass
    await small.get_by_role("link", name="Opdatér").focus()
    await small.keyboard.press("Enter")
    await expect(small.get_by_text("Slettet her.")).to_be_visible()
    shown = await (await signed_in(chromium, workplace, width="phone", role="administrator")).new_page()
    await shown.goto(small.url)
    await look(shown, "erase-over-phone")
