"""Staff work with a programme's meetings and its money: at a desk's width and a phone's, without scripts, by keyboard,
and for axe, in the states that a page can be in.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from shared.contracts.enrollment import ProgrammePublished
from tests.integration.invoicing.test_staff_ledger import HERE as MONEY_HERE
from tests.integration.invoicing.test_staff_ledger import two_are_invoiced
from tests.integration.scheduling.test_staff_meetings import HERE, MEETINGS, place, published, takes_part, the_programme
from tests.support.branch import Branch
from tests.support.browser import look
from tests.support.facts import OWNER

pytestmark = pytest.mark.browser
MONEY = f"{MONEY_HERE}/oekonomi"
LOOK = "Se, hvad der sker"


async def seen(page: Page, path: str, name: str) -> None:
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await look(page, name)


async def press(page: Page, button: str) -> None:
    """By the keyboard."""
    await page.get_by_role("button", name=button).focus()
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


def blocked_by_policy(page: Page) -> list[str]:
    """What the page's Content-Security-Policy kept from happening."""
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    return blocked


async def test_the_meetings_of_a_programme_are_seen_and_one_is_moved(chromium: Browser, diary_office: Branch) -> None:
    office = diary_office
    desk = await office.chromium(chromium, "consultant")
    page = await desk.new_page()
    blocked = blocked_by_policy(page)
    await seen(page, MEETINGS, "meetings-unheard")
    empty = the_programme().model_copy(update={"meetings": ()})
    await office.room.hear(ProgrammePublished(owner=OWNER, terms=empty))
    await seen(page, MEETINGS, "meetings-empty")
    await office.room.pool.execute("DELETE FROM programmes")
    await published(office)
    await office.room.hear(takes_part("0751", "Aarhus Kommune", "x-aarhus"))
    steps = f"{HERE}/spor/x-aarhus"
    for name, path in (
        ("meetings", MEETINGS),
        ("meetings-none-here", f"{MEETINGS}?gruppe=oest"),
        ("meeting", place("april")),
        ("meeting-undated", place("sidst")),
        ("tracks", f"{HERE}/spor"),
        ("track", steps),
        ("step", f"{steps}/faerdigt?spor=kommunespor&fase=analyse&skridt=dialog"),
        ("new-meeting", f"{HERE}/nyt-moede"),
        ("call-off", place("april", "/aflys")),
        ("nowhere", f"{MEETINGS}/ingen"),
    ):
        await seen(page, path, f"staff-{name}-desktop")
    await expect(page.get_by_role("link", name="Netværk om den kommunale ungeindsats")).to_be_visible()
    await page.goto(place("april", "/dato"))
    await page.get_by_label("Dag", exact=True).fill("")
    await page.get_by_role("button", name=LOOK).click()
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "staff-move-wrong-desktop")
    await page.get_by_label("Dag", exact=True).fill("2021-04-02")
    await page.get_by_role("button", name=LOOK).click()
    await expect(page.get_by_text("langfredag")).to_be_visible()
    await look(page, "staff-move-said-desktop")
    assert blocked == []

    # A phone, no scripts, no mouse.
    phone = await office.chromium(chromium, "consultant", width="phone", scripts=False)
    page = await phone.new_page()
    await page.goto(MEETINGS)
    await page.get_by_role("link", name="Møde i april").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Flyt mødet").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Dag", exact=True).fill("2021-05-11")
    await page.get_by_label("Begynder kl.").fill("09:30")
    await page.get_by_label("Slutter kl.").fill("15:00")
    await page.get_by_label("Sted").focus()
    await page.keyboard.type("Salen")
    await press(page, LOOK)
    await expect(page.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()
    await expect(page.get_by_text("til tirsdag den 11. maj 2021 kl. 9.30-15.00")).to_be_visible()
    await press(page, "Flyt mødet")
    await expect(page.get_by_role("status")).to_contain_text("Mødets dato og sted er gemt")
    await phone.close()

    small = await office.chromium(chromium, "consultant", width="phone")
    page = await small.new_page()
    for name, path in (
        ("meetings", MEETINGS),
        ("meeting", place("april")),
        ("move", place("april", "/dato")),
        ("tracks", f"{HERE}/spor"),
        ("track", steps),
    ):
        await seen(page, path, f"staff-{name}-phone")


async def test_the_money_of_a_programme_is_seen_and_a_payment_registered(
    chromium: Browser, money_office: Branch
) -> None:
    office = money_office
    desk = await office.chromium(chromium, "finance")
    page = await desk.new_page()
    blocked = blocked_by_policy(page)
    await seen(page, MONEY, "money-unheard")
    await two_are_invoiced(office)
    claim = await office.room.pool.fetchval("SELECT id FROM claims WHERE finding <> ''")
    one = f"{MONEY_HERE}/fakturaer/N-1"
    for name, path in (
        ("money", MONEY),
        ("money-paid", f"{MONEY}?staar=paid"),
        ("claim", f"{MONEY}/krav/{claim}"),
        ("waive", f"{MONEY}/krav/{claim}/faktureres-ikke"),
        ("correct", f"{MONEY}/krav/{claim}/oplysninger"),
        ("invoice", one),
        ("credit", f"{one}/krediter"),
        ("find", "/invoicing/stab/soeg"),
        ("nowhere", f"{MONEY_HERE}/fakturaer/N-9"),
    ):
        await seen(page, path, f"staff-{name}-desktop")
    await page.goto(f"{one}/krediter")
    await page.get_by_role("button", name=LOOK).click()
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "staff-credit-wrong-desktop")
    await page.get_by_label("Deltagergebyr").check()
    await page.get_by_label("Begrundelse").fill("Aftalt med kommunen.")
    await page.get_by_role("button", name=LOOK).click()
    await expect(page.get_by_text("Kreditnotaen bliver på 24.375,00 kr.")).to_be_visible()
    await look(page, "staff-credit-said-desktop")
    assert blocked == []

    # A phone, no scripts, no mouse: the invoice is found by its number, which stands in no address before that.
    phone = await office.chromium(chromium, "finance", width="phone", scripts=False)
    page = await phone.new_page()
    await page.goto("/invoicing/stab/soeg")
    await page.get_by_label("Nummeret på en faktura").focus()
    await page.keyboard.type("N-2")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Faktura N-2")).to_be_visible()
    await page.get_by_role("link", name="Registrér en betaling").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Bankens reference").focus()
    await page.keyboard.type("bank-2")
    await press(page, LOOK)
    await expect(page.get_by_text("Fakturaen er derefter betalt.")).to_be_visible()
    await press(page, "Registrér betalingen")
    await expect(page.get_by_role("status")).to_contain_text("Betalingen er registreret")
    await phone.close()

    small = await office.chromium(chromium, "finance", width="phone")
    page = await small.new_page()
    for name, path in (
        ("money", MONEY),
        ("claim", f"{MONEY}/krav/{claim}"),
        ("invoice", one),
        ("credit", f"{one}/krediter"),
    ):
        await seen(page, path, f"staff-{name}-phone")
    await page.goto(MONEY)
    await page.get_by_label("Fakturanummer eller organisation").fill("ingen af dem")
    await page.get_by_role("button", name="Søg").click()
    await expect(page.get_by_text("Intet passer med »ingen af dem«")).to_be_visible()
    await look(page, "staff-money-nothing-phone")
