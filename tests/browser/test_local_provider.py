"""The local provider's page as a browser has it: by keyboard, on a phone, without a script, and back to the client."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import look, visitor
from tests.support.enrollment_web import Town
from tests.support.oidc import Provider, wish

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scripts"), [("desktop", True), ("phone", False)])
async def test_whoever_types_a_name_and_a_password_is_led_back_to_where_they_came_from(
    chromium: Browser, town: Town, oidc_provider: Provider, width: str, *, scripts: bool
) -> None:
    await oidc_provider.serve(town.url)
    account = oidc_provider.accounts["konsulent"]
    context = await visitor(chromium, town, width=width, scripts=scripts)
    page = await context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    await page.goto(wish(town.url).url(oidc_provider))
    await expect(page.get_by_role("heading", name="Log ind")).to_be_visible()
    if scripts:
        await look(page, f"provider-{width}")
    await page.get_by_label("Navn").fill(account.login)
    await page.get_by_label("Adgangskode").fill("ikke den")
    await page.get_by_label("Adgangskode").press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Navnet eller adgangskoden er forkert.")
    await expect(page.get_by_label("Navn")).to_have_value(account.login)
    if scripts:
        await look(page, f"provider-wrong-{width}")
    await page.get_by_label("Adgangskode").fill(account.password)
    await page.get_by_role("button", name="Log ind").click()
    await expect(page).to_have_url(re.compile(rf"^{re.escape(town.url)}/login/tilbage\?code="))
    assert refused == []
    await context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_whoever_logs_out_by_the_client_comes_back_there(
    chromium: Browser, town: Town, oidc_provider: Provider, *, scripts: bool
) -> None:
    await town.desk.publish()
    await oidc_provider.serve(town.url)
    account, asked = oidc_provider.accounts["drift"], wish(town.url)
    context = await visitor(chromium, town, scripts=scripts)
    page = await context.new_page()
    await page.goto(asked.url(oidc_provider))
    await page.get_by_label("Navn").fill(account.login)
    await page.get_by_label("Adgangskode").fill(account.password)
    await page.get_by_role("button", name="Log ind").click()
    await expect(page).to_have_url(re.compile(r"/login/tilbage\?code="))
    token = (await oidc_provider.redeem(asked, httpx.URL(page.url).params["code"])).json()["id_token"]
    end = httpx.URL(
        (await oidc_provider.discovered())["end_session_endpoint"],
        params={"id_token_hint": token, "post_logout_redirect_uri": f"{town.url}/"},
    )
    await page.goto(str(end))
    if not scripts:
        await page.get_by_role("button", name="Log ud").click()
    await expect(page).to_have_url(f"{town.url}/")
    await page.goto(wish(town.url).url(oidc_provider))
    await expect(page.get_by_role("heading", name="Log ind")).to_be_visible()
    await page.goto(f"{oidc_provider.issuer}/session/end")
    if not scripts:
        await page.get_by_role("button", name="Log ud").click()
    await expect(page).to_have_url(re.compile(r"/session/end/success"))
    if scripts:
        await look(page, "provider-logged-out")
    await context.close()
