"""A municipality signs up on the page, and confirms by the mailed link."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, Route, expect

from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    InviteMunicipalities,
    MunicipalityInvited,
    VouchForAddress,
    WithdrawEnrolment,
)
from tests.support.browser import ELSEWHERE, look, visitor
from tests.support.enrollment_desk import AARHUS, P1
from tests.support.enrollment_web import Town

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def people_are_as_fast_as_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)


async def fill_in(page: Page) -> None:
    await page.get_by_label("Kommune", exact=True).select_option(label="Aarhus Kommune")
    await page.get_by_label("Navn", exact=True).fill("Karen Kontakt")
    await page.get_by_label("E-mail").fill("karen@aarhus.example")


async def send(page: Page) -> None:
    async with page.expect_navigation():
        await page.get_by_role("button", name="Send tilmeldingen").click()


async def test_over_plain_http_on_another_machine_every_form_works_and_a_strangers_does_not(
    chromium: Browser, town: Town
) -> None:
    await town.desk.publish()
    await town.desk.knows(AARHUS, domains=("aarhus.example",))
    there = town.url.replace("127.0.0.1", ELSEWHERE)
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(f"{there}/tilmeld/{P1}")
    assert not await page.evaluate("window.isSecureContext")
    await fill_in(page)
    await send(page)
    await expect(page.get_by_role("heading", name="Tilmeldingen er modtaget")).to_be_visible()
    path = await town.mailed_path()
    await page.goto(f"{there}{path}")
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await page.get_by_role("button", name="Bekræft tilmeldingen").click()
    await expect(page.get_by_role("heading", name="Aarhus Kommune er tilmeldt")).to_be_visible()
    headers = await (await sent.value).all_headers()
    assert (headers["origin"], "sec-fetch-site" in headers) == (there, False)
    assert path not in headers.get("referer", "")

    await page.get_by_role("link", name="Se møder og deltagere").click()
    await page.get_by_role("link", name="Afmeld Aarhus Kommune").click()
    withdrawal = page.url
    # A stranger's page, on another origin, sends the same form: with its origin, and from a sandbox with none.
    for headers in ({}, {"Content-Security-Policy": "sandbox allow-forms"}):
        stranger = await context.new_page()
        await show_form(stranger, "http://stranger.example/", withdrawal, headers)
        async with stranger.expect_response(withdrawal) as answered:
            await stranger.get_by_role("button").click()
        assert (await answered.value).status == 403
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "enrolled"
    await context.close()


async def show_form(page: Page, at: str, action: str, headers: dict[str, str]) -> None:
    """A website of somebody else's, with nothing but a form that sends to `action`."""

    async def answer(route: Route) -> None:
        body = f"<form method=post action='{action}'><button>Send</button></form>"
        await route.fulfill(body=body, content_type="text/html", headers=headers)

    # Once, and nobody closes the page: one whose requests still go through a route may never be closed.
    await page.route(at, answer, times=1)
    await page.goto(at)


@pytest.mark.parametrize("width", ["phone", "desktop"])
async def test_from_the_front_page_to_the_place(chromium: Browser, town: Town, width: str) -> None:
    await town.desk.publish()
    await town.desk.knows(AARHUS, domains=("aarhus.example",))
    context = await visitor(chromium, town, width=width)
    page = await context.new_page()
    await page.goto("/")
    await look(page, f"front-{width}")
    await page.get_by_role("link", name="Læs mere og tilmeld").click()
    await expect(page.get_by_text("19.500,00 kr. ekskl. moms (24.375,00 kr. inkl. moms)")).to_be_visible()
    await expect(page.get_by_text("fredag den 21. august 2020")).to_be_visible()
    await look(page, f"sign-up-{width}")
    await fill_in(page)
    await send(page)
    await expect(page.get_by_role("heading", name="Tilmeldingen er modtaget")).to_be_visible()
    await look(page, f"receipt-{width}")

    await page.goto(await town.mailed_path())
    await look(page, f"confirm-{width}")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0
    await page.get_by_role("button", name="Bekræft tilmeldingen").click()
    await expect(page.get_by_role("heading", name="Aarhus Kommune er tilmeldt")).to_be_visible()
    await look(page, f"confirmed-{width}")
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "enrolled"
    await page.get_by_role("link", name="Se møder og deltagere").click()
    await expect(page.get_by_role("heading", name="Tilmeld deltagere til møderne")).to_be_visible()
    await context.close()


@pytest.mark.parametrize("width", ["phone", "desktop"])
async def test_whom_nobody_knows_reads_what_happens_next(chromium: Browser, town: Town, width: str) -> None:
    await town.desk.publish()
    context = await visitor(chromium, town, width=width)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await fill_in(page)
    await send(page)
    await expect(page.get_by_text("Ellers ser")).to_be_visible()
    path = await town.mailed_path()
    await page.goto(path)
    await page.get_by_role("button", name="Bekræft tilmeldingen").click()
    await expect(page.get_by_text("Det sker kun første gang")).to_be_visible()
    await look(page, f"waits-for-staff-{width}")
    assert await town.desk.pool.fetchval("SELECT count(*) FROM enrolments") == 0

    sign_up_id = await town.desk.pool.fetchval("SELECT id FROM sign_ups")
    vouch = VouchForAddress(organisation_code=AARHUS, email="karen@aarhus.example")
    await town.desk.ask(vouch_for_address, vouch)
    await page.reload()
    await expect(page.get_by_role("heading", name="Aarhus Kommune er tilmeldt")).to_be_visible()
    enrolment = await town.desk.pool.fetchval("SELECT enrolment_id FROM sign_ups WHERE id = $1", sign_up_id)
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    await page.reload()
    await expect(page.get_by_text("Linket virker kun én gang")).to_be_visible()
    await look(page, f"used-link-{width}")
    await context.close()


@pytest.mark.parametrize("width", ["phone", "desktop"])
async def test_what_is_wrong_stands_on_top_and_leads_to_the_field(chromium: Browser, town: Town, width: str) -> None:
    await town.desk.publish()
    context = await visitor(chromium, town, width=width)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await page.get_by_label("Navn", exact=True).fill("Karen Kontakt")
    await send(page)
    summary = page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await expect(summary).to_contain_text("Ret disse fejl")
    assert (await page.title()).startswith("Fejl: ")
    await expect(page.get_by_label("Navn", exact=True)).to_have_value("Karen Kontakt")
    await look(page, f"sign-up-errors-{width}")
    await summary.get_by_role("link", name="E-mail").click()
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await context.close()


async def test_the_form_works_with_the_keyboard_alone(chromium: Browser, town: Town) -> None:
    await town.desk.publish()
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Spring til hovedindhold")).to_be_focused()
    await page.keyboard.press("Enter")
    await tab_to(page, "organisation_code")
    await page.keyboard.type("Aarhus")
    await tab_to(page, "contact_name")
    await page.keyboard.type("Karen Kontakt")
    await tab_to(page, "contact_email")
    await page.keyboard.type("karen@aarhus.example")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Tilmeldingen er modtaget")).to_be_visible()
    assert await town.desk.pool.fetchval("SELECT organisation_code FROM sign_ups") == AARHUS
    await context.close()


async def tab_to(page: Page, field: str) -> None:
    for _ in range(60):
        if await page.evaluate("document.activeElement.id") == field:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {field}")


async def test_it_works_without_javascript(chromium: Browser, town: Town) -> None:
    await town.desk.publish()
    await town.desk.knows(AARHUS, domains=("aarhus.example",))
    context = await visitor(chromium, town, scripts=False)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await fill_in(page)
    await send(page)
    await expect(page.get_by_role("heading", name="Tilmeldingen er modtaget")).to_be_visible()
    await page.goto(await town.mailed_path())
    await page.get_by_role("button", name="Bekræft tilmeldingen").click()
    await expect(page.get_by_role("heading", name="Aarhus Kommune er tilmeldt")).to_be_visible()
    await context.close()


async def test_an_invited_municipality_is_already_chosen_and_may_say_no(chromium: Browser, town: Town) -> None:
    await town.desk.publish()
    await town.desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@aarhus.example"))
    await town.desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="foraar"))
    (invited,) = [fact for fact in await town.desk.told() if isinstance(fact, MunicipalityInvited)]
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(invited.sign_up_path)
    await expect(page.get_by_label("Kommune", exact=True)).to_have_value(AARHUS)
    await page.get_by_role("link", name="Sig nej tak").click()
    await look(page, "decline")
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "invited"
    await page.get_by_role("button", name="Nej tak, vi deltager ikke").click()
    await expect(page.get_by_text("Tak for svaret")).to_be_visible()
    assert await town.desk.pool.fetchval("SELECT state FROM enrolments") == "declined"
    await context.close()


async def test_a_hidden_field_that_only_robots_fill_in_stops_the_form(chromium: Browser, town: Town) -> None:
    await town.desk.publish()
    context = await visitor(chromium, town)
    page = await context.new_page()
    await page.goto(f"/tilmeld/{P1}")
    await fill_in(page)
    await page.locator("#_website").fill("https://spam.example", force=True)
    await page.get_by_role("button", name="Send tilmeldingen").click()
    await expect(page.get_by_text("Formularen kunne ikke læses")).to_be_visible()
    assert await town.desk.pool.fetchval("SELECT count(*) FROM sign_ups") == 0
    await context.close()
