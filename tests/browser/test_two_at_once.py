"""Two people change the same thing, and what is done is undone: by keyboard, on a phone, without scripts, for axe."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from services.enrollment.adapters.links import participants_path
from services.enrollment.domain.enrolment import enrolment_id
from tests.browser.test_staff_programme import HERE, busy, signed_in
from tests.integration.enrollment.test_places import on_team
from tests.integration.enrollment.test_team_needs import ASKS, NUTS, has_meeting
from tests.support.browser import look, visitor
from tests.support.enrollment_desk import AARHUS, KOEBENHAVN, P1
from tests.support.enrollment_web import Town
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser
AT, WITH_FORBEHOLD = (f"{HERE}/tilmeldinger/{enrolment_id(P1, code)}" for code in (AARHUS, KOEBENHAVN))


async def carries_out(page: Page, button: str) -> None:
    await page.get_by_role("button", name="Se, hvad der sker").click()
    await page.get_by_role("button", name=button).click()


async def test_the_second_is_shown_what_the_first_has_changed_and_chooses(
    chromium: Browser, workplace: Workplace
) -> None:
    await busy(workplace.desk)
    desk = await (await signed_in(chromium, workplace)).new_page()
    phone = await (await signed_in(chromium, workplace, width="phone", role="administrator")).new_page()
    reference, person = "Ordre-/rekvisitionsnummer", "Personreference"
    for page in (desk, phone):
        await page.goto(f"{workplace.url}{AT}/faktura")
    await desk.get_by_label(reference).fill("PO-1001")
    await desk.get_by_label("EAN-nummer").fill("5798009800015")
    await carries_out(desk, "Gem oplysningerne")
    await expect(desk.get_by_role("link", name="Fortryd")).to_be_visible()
    await look(desk, "done-with-undo-desktop")

    await phone.get_by_label(reference).fill("PO-2002")
    await phone.get_by_label(person).fill("Afdeling 7")
    await phone.get_by_role("button", name="Se, hvad der sker").click()
    await expect(phone.get_by_role("heading", name="En anden har rettet imens")).to_be_visible()
    await expect(phone.get_by_label(person)).to_have_value("Afdeling 7")
    await look(phone, "two-at-once-phone")
    await phone.get_by_role("button", name="Se, hvad der sker").click()
    await expect(phone.get_by_role("heading", name="Ret denne fejl")).to_be_visible()
    await look(phone, "two-at-once-undecided-phone")
    await phone.get_by_label("Brug vores: PO-2002").check()
    await carries_out(phone, "Gem oplysningerne")
    await expect(phone.get_by_text("Oplysningerne til fakturaen er gemt")).to_be_visible()
    await expect(phone.get_by_text("5798009800015")).to_be_visible()
    after = phone.url
    plain = await (await signed_in(chromium, workplace, scripts=False, role="administrator")).new_page()
    await plain.goto(after)
    await plain.get_by_role("link", name="Fortryd").click()
    await expect(plain.get_by_label(reference)).to_have_value("PO-1001")
    await carries_out(plain, "Gem oplysningerne")
    await expect(plain.get_by_text("PO-1001")).to_be_visible()


async def test_by_keyboard_at_a_desk_it_is_read_out_and_chosen(chromium: Browser, workplace: Workplace) -> None:
    await busy(workplace.desk)
    desk = await (await signed_in(chromium, workplace)).new_page()
    first = await workplace.signed_in("administrator")
    await desk.goto(f"{workplace.url}{WITH_FORBEHOLD}/forbehold")
    shown = await first.get(f"{WITH_FORBEHOLD}/forbehold")
    key = shown.text.partition('name="_key" value="')[2].partition('"')[0]
    csrf = shown.text.partition('name="_csrf" value="')[2].partition('"')[0]
    said = {"_key": key, "_csrf": csrf, "committee": "Byrådet", "expected_on": "2020-10-01"}
    assert (await first.post(f"{WITH_FORBEHOLD}/forbehold", data=said)).status_code == 303
    await desk.get_by_label("Udvalg, der skal godkende").fill("Kulturudvalget")
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_role("alert").first).to_be_focused()
    await look(desk, "two-at-once-desktop")
    await desk.get_by_label("Behold den andens: Byrådet").focus()
    await desk.keyboard.press("Space")
    await desk.get_by_role("button", name="Se, hvad der sker").focus()
    await desk.keyboard.press("Enter")
    await expect(desk.get_by_text("Intet bliver anderledes")).to_be_visible()


async def test_what_somebody_needs_is_chosen_by_them_and_shown_to_nobody_else(chromium: Browser, town: Town) -> None:
    paths = await on_team(town.desk, "Anna", "Bo", file=ASKS)
    await has_meeting(town.desk)
    team = f"{town.url}{participants_path(town.desk.links, await town.desk.guest())}/hold"
    phone = await (await visitor(chromium, town, width="phone")).new_page()
    first = await (await visitor(chromium, town, scripts=False)).new_page()
    second = await (await visitor(chromium, town)).new_page()
    await phone.goto(f"{town.url}{paths['Bo']}/behov")
    for page in (first, second):
        await page.goto(team)
        await page.get_by_role("link", name="Kost og adgang for Bo").click()
    for page, choice in ((first, "Vegetar"), (second, "Vegansk")):
        await page.get_by_label(choice).check()
        await page.get_by_label("Ja, I må gemme det til møderne.").check()
        await page.get_by_role("button", name="Gem").click()
    await expect(second.get_by_role("heading", name="En anden har rettet imens")).to_be_visible()
    await expect(second.get_by_text("Hvad der er gemt, vises kun for personen selv")).to_be_visible()
    await expect(second.get_by_label("Vegansk")).to_be_checked()
    await expect(second.get_by_label("Vegetar")).not_to_be_checked()
    await look(second, "needs-unseen-desktop")

    await phone.get_by_label("Vegansk").check()
    await phone.get_by_label("Andet om kost").fill(NUTS)
    await phone.get_by_label("Ja, I må gemme det til møderne.").check()
    await phone.get_by_role("button", name="Gem").click()
    await expect(phone.get_by_role("alert").first).to_be_focused()
    await expect(phone.get_by_label("Andet om kost")).to_have_value(NUTS)
    await look(phone, "needs-two-at-once-phone")
    await phone.get_by_label("Behold den andens: Vegetar").check()
    await phone.get_by_role("button", name="Gem").click()
    await expect(phone.get_by_text("Kost og adgang er gemt")).to_be_visible()
    row = await town.desk.pool.fetchrow("SELECT diet, diet_text, own FROM team_needs")
    assert row is not None
    assert (row["diet"], row["diet_text"], row["own"]) == (["vegetar"], NUTS, True)
