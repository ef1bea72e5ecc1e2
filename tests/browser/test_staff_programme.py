"""Staff work with a programme: its pages at a phone's width and a desk's, without scripts, by keyboard, and for axe."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from services.enrollment.domain.enrolment import enrolment_id
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
    if not await desk.pool.fetchval("SELECT count(*) FROM programmes"):
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


PAGES = {
    "list": "",
    "list-lacking": "?mangler=ja",
    "forms": "/formularer",
    "line": "/venteliste",
    "line-supposed": "/venteliste?pladser=3",
    "line-wrong": "/venteliste?pladser=mange",
    "history": "/historik",
    "attendance": "/deltagere",
    "call-off": "/aflys",
    "groups": "/grupper",
    "invite": "/inviter",
    "enter": "/skriv-ind",
    "why": f"/tilmeldinger/{enrolment_id(P1, AARHUS)}/moeder/m-heldag-vest",
    "one": f"/tilmeldinger/{enrolment_id(P1, AARHUS)}",
    "one-reserved": f"/tilmeldinger/{enrolment_id(P1, KOEBENHAVN)}",
    "withdraw": f"/tilmeldinger/{enrolment_id(P1, AARHUS)}/afmeld",
    "approve": f"/tilmeldinger/{enrolment_id(P1, KOEBENHAVN)}/godkendt",
    "billing": f"/tilmeldinger/{enrolment_id(P1, AARHUS)}/faktura",
    "refused": f"/tilmeldinger/{enrolment_id(P1, AARHUS)}/godkendt",
}


@pytest.mark.parametrize("width", ["desktop", "phone"])
async def test_every_page_is_one_that_anybody_can_use(chromium: Browser, workplace: Workplace, width: str) -> None:
    """Empty and full, at a desk and on a phone."""
    context = await signed_in(chromium, workplace, width=width)
    page = await context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    await workplace.desk.publish(PROGRAMME)
    for name in ("list", "attendance", "forms", "line", "history"):
        await page.goto(f"{HERE}{PAGES[name]}")
        await look(page, f"staff-empty-{name}-{width}")
    await busy(workplace.desk)
    for name, path in PAGES.items():
        await page.goto(f"{HERE}{path}")
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
        await look(page, f"staff-{name}-{width}")
    for name, button in (("enter", "Se, hvad der sker"), ("groups", "Se, hvad der sker")):
        await page.goto(f"{HERE}{PAGES[name]}")
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_role("alert").first).to_be_focused()
        await look(page, f"staff-{name}-wrong-{width}")
    await page.goto(f"{HERE}{PAGES['enter']}")
    await page.get_by_label("Kommune", exact=True).select_option("0147")
    await page.get_by_label("Navn", exact=True).fill("Frida")
    await page.get_by_label("E-mail", exact=True).fill("frida@k0147.example")
    await page.get_by_role("button", name="Se, hvad der sker").click()
    await look(page, f"staff-enter-said-{width}")
    await page.get_by_role("button", name="Skriv tilmeldingen ind").click()
    await expect(page.get_by_role("status").first).to_contain_text("Tilmeldingen er skrevet ind")
    assert blocked == []


async def test_somebody_is_withdrawn_without_scripts_and_by_keyboard_alone(
    chromium: Browser, workplace: Workplace
) -> None:
    await busy(workplace.desk)
    for scripts, code in ((False, AARHUS), (True, KOEBENHAVN)):
        context = await signed_in(chromium, workplace, width="phone", scripts=scripts)
        page = await context.new_page()
        await page.goto(f"{HERE}/tilmeldinger/{enrolment_id(P1, code)}")
        await page.get_by_role("link", name="Afmeld ").focus()
        await page.keyboard.press("Enter")
        await page.get_by_label("Begrundelse").focus()
        await page.keyboard.type("De har ikke tid")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()
        await expect(page.get_by_text("De har ikke tid", exact=True)).to_be_visible()
        if scripts:
            await look(page, "staff-withdraw-said-phone")
        await page.get_by_role("button", name="Afmeld").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").first).to_contain_text("Tilmeldingen er afmeldt")
        await context.close()
