"""Administrators give other systems tokens, and sign somebody out: on a phone, by keyboard, and without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_workspace import behind_one_address, listened, scheduling, signs_in
from tests.support.browser import look, visitor
from tests.support.servers import MakeDatabase
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser

HERE = "/stab/noegler"


async def makes(page: Page, name: str) -> None:
    await page.get_by_label("Navn").fill(name)
    await page.get_by_label("90 dage").check()
    await page.get_by_label("Tilmelde kommuner og deres deltagere, og se dem").check()
    await page.get_by_role("button", name="Se, hvad der sker").click()
    await expect(page.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()


async def test_a_token_is_made_copied_exchanged_and_revoked(
    chromium: Browser, workplace: Workplace, database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    context = await visitor(chromium, workplace)
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    refused = listened(page)
    async with scheduling(workplace, database, link_key_file, tmp_path) as url:
        await behind_one_address(context, workplace, "/scheduling/", url)
        await signs_in(page, workplace, "administrator")
        await page.get_by_role("navigation", name="Arbejdsbord").get_by_role("link", name="Adgang").click()
        await page.get_by_role("link", name="Andre systemer").click()
        await expect(page.get_by_text("Ingen andre systemer har en nøgle.")).to_be_visible()
        for away in ("Fakturaer", "Mails"):
            await expect(page.get_by_text(f"{away} kan ikke vises lige nu.")).to_be_visible()
        await look(page, "tokens-empty")

        await page.get_by_role("link", name="Lav en nøgle").click()
        await page.get_by_label("Navn").fill("CRM med fejl")
        await page.get_by_role("button", name="Se, hvad der sker").click()
        await expect(page.get_by_role("heading", name="Ret disse fejl")).to_be_visible()
        await look(page, "tokens-errors")
        await makes(page, "crm")
        await look(page, "tokens-asked")
        await page.get_by_role("button", name="Lav nøglen").click()
        field = page.get_by_label("Nøgle", exact=True)
        token = await field.input_value()
        assert re.fullmatch(r"tovholder_[A-Za-z0-9_-]{43}", token)
        assert token not in page.url
        await page.get_by_role("button", name="Kopiér nøglen").click()
        await expect(page.get_by_text("Nøglen er kopieret.")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == token
        await look(page, "tokens-once")

        await page.get_by_role("link", name="Jeg har givet nøglen videre").click()
        await expect(page.get_by_role("heading", name="crm")).to_be_visible()
        assert token not in await page.content()
        await look(page, "tokens-one")
        await page.go_back()
        assert token not in await page.content(), "whoever leaves the page has lost it"
        await page.goto(f"{workplace.url}{HERE}/klient/crm")

        await page.get_by_role("link", name="Byt nøglen").click()
        await look(page, "tokens-exchange")
        await page.get_by_role("button", name="Byt nøglen").click()
        assert await page.get_by_label("Nøgle", exact=True).input_value() != token
        await page.goto(f"{workplace.url}{HERE}")
        await look(page, "tokens-full")
        await page.get_by_role("link", name="Spær crm").click()
        await look(page, "tokens-revoke")
        await page.get_by_role("button", name="Spær crm").click()
        await expect(page.get_by_text("Ingen nøgle virker.")).to_be_visible()
        await look(page, "tokens-revoked")
        assert refused == []
    await context.close()


async def test_without_scripts_a_token_is_made_by_keyboard(chromium: Browser, workplace: Workplace) -> None:
    context = await visitor(chromium, workplace, width="phone", scripts=False)
    page = await context.new_page()
    await signs_in(page, workplace, "administrator")
    await page.goto(f"{workplace.url}{HERE}/ny")
    await page.get_by_label("Navn").focus()
    await page.keyboard.type("cms")
    for key in ("Tab", "Space", "Tab", "Tab"):
        await page.keyboard.press(key)
    while not await page.get_by_label("Tilmelde kommuner og deres deltagere, og se dem").is_checked():
        await page.keyboard.press("Space")
        if not await page.get_by_label("Tilmelde kommuner og deres deltagere, og se dem").is_checked():
            await page.keyboard.press("Space")
            await page.keyboard.press("Tab")
    for name in ("Se, hvad der sker", "Lav nøglen"):
        await page.get_by_role("button", name=name).focus()
        await page.keyboard.press("Enter")
    await expect(page.get_by_label("Nøgle", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Kopiér nøglen")).to_be_hidden()
    await page.goto(f"{workplace.url}{HERE}")
    await expect(page.get_by_role("link", name="Se brugen i mails")).to_be_visible()
    await context.close()


async def test_on_a_phone_somebody_else_is_signed_out(chromium: Browser, workplace: Workplace) -> None:
    context = await visitor(chromium, workplace, width="phone")
    page = await context.new_page()
    await signs_in(page, workplace, "administrator")
    for path in ("/ny", ""):
        await page.goto(f"{workplace.url}{HERE}{path}")
        await look(page, f"tokens{path.replace('/', '-')}-phone")
    await page.goto(f"{workplace.url}{HERE}/ny")
    await makes(page, "crm")
    await page.get_by_role("button", name="Lav nøglen").click()
    await look(page, "tokens-once-phone")
    await page.goto(f"{workplace.url}{HERE}/klient/crm")
    await look(page, "tokens-one-phone")

    await workplace.signed_in("consultant")
    await page.goto(f"{workplace.url}/stab/adgang")
    await look(page, "access-phone")
    name = workplace.provider.accounts["konsulent"].name
    await page.get_by_role("link", name=re.compile(f"Log ud {name}")).click()
    await look(page, "access-sign-out-phone")
    await page.get_by_role("button", name="Log ud her").click()
    await expect(page.get_by_text("Der er logget ud")).to_be_visible()
    await look(page, "access-signed-out-phone")
    await context.close()
