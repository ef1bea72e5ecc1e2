"""The address book at a desk and on a phone, without scripts, by keyboard, and for axe: empty, full and with errors."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit, put_organisation
from shared.contracts.parties import Billing
from tests.browser.test_staff_programme import signed_in
from tests.integration.enrollment.test_book_pages import bounced, hears
from tests.support.browser import look
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, sign_up
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser
BOOK = "/stab/adressebog"
HERE = f"{BOOK}/{AARHUS}"
EAN = "5798000000001"
WRONG = f"kommunekode;hovedpostkasse;ean-nummer\n0751;post@k0751.example;\n9999;x@k.example;{EAN}\n".encode()
RIGHT = f"kommunekode;hovedpostkasse;enhed;ean-nummer\n0147;post@k0147.example;;\n0751;;ny;{EAN}\n".encode()


async def full(workplace: Workplace) -> None:
    desk = workplace.desk
    await desk.publish()
    await desk.enrol(sign_up(AARHUS))
    units = (PutUnit(id="unge", name="Ungecentret", billing=Billing(ean=EAN, demands=("order",))),)
    roles = {"borgmester": "bm@k0751.example", "ungeindsats": "unge@k0751.example"}
    mailbox = "post@k0751.example"
    whole = PutOrganisation(code=AARHUS, main_email=mailbox, roles=roles, domains=("k0751.example",), units=units)
    await desk.ask(put_organisation, whole)
    for code in (HVIDOVRE, KOEBENHAVN):
        billing = Billing(ean="5798000000025")
        await desk.ask(
            put_organisation, PutOrganisation(code=code, main_email=f"post@k{code}.example", billing=billing)
        )
    await hears(workplace, bounced(f"{AARHUS}/borgmester"))


@pytest.mark.timeout(240)
async def test_the_book_is_one_that_anybody_can_use(chromium: Browser, workplace: Workplace) -> None:
    """Empty at a desk, full on a phone and at a desk; an entry that two change; a sheet with errors and without."""
    context = await signed_in(chromium, workplace, role="administrator")
    page = await context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    for name, path in (("list-empty", BOOK), ("one-empty", HERE), ("twins-empty", f"{BOOK}/dobbelte")):
        await page.goto(path)
        await look(page, f"book-{name}")
    await full(workplace)
    paths = {
        "list": BOOK,
        "bounced": f"{BOOK}?vis=kommet-retur",
        "one": HERE,
        "edit": f"{HERE}/ret",
        "unit": f"{HERE}/enheder/ny",
        "works": f"{HERE}/virker",
        "twins": f"{BOOK}/dobbelte",
        "merge": f"{BOOK}/{HVIDOVRE}/laeg-sammen?med={KOEBENHAVN}",
        "import": f"{BOOK}/indlaes",
    }
    phone = await signed_in(chromium, workplace, width="phone", role="administrator")
    for width, here in (("desktop", page), ("phone", await phone.new_page())):
        for name, path in paths.items():
            await here.goto(path)
            await expect(here.get_by_role("heading", level=1)).to_have_count(1)
            await look(here, f"book-{name}-{width}")
    await page.goto(f"{BOOK}/indlaes")
    for name, content, button in (("wrong", WRONG, "Se, hvad der sker"), ("right", RIGHT, "Indlæs 2 rækker")):
        file = {"name": "ark.csv", "mimeType": "text/csv", "buffer": content}
        await page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a FilePayload
        await page.get_by_role("button", name="Se, hvad der sker").click()
        await expect(page.get_by_role("button", name=button)).to_be_visible()
        if name == "wrong":
            await expect(page.get_by_role("alert").first).to_be_focused()
        await look(page, f"book-import-{name}")
    await page.get_by_role("button", name="Indlæs 2 rækker").click()
    await expect(page.get_by_role("status").first).to_contain_text("Arket er indlæst")

    await page.goto(f"{BOOK}/{HVIDOVRE}/laeg-sammen?med={KOEBENHAVN}")
    await page.get_by_label("Københavns Kommune (0101)").check()
    await page.get_by_role("button", name="Se, hvad der sker").click()
    await look(page, "book-merge-said")
    await page.get_by_role("button", name="Læg dem sammen for altid").click()
    await expect(page.get_by_role("status").first).to_contain_text("De to er lagt sammen")
    await page.goto(f"{BOOK}/{HVIDOVRE}")
    await look(page, "book-gone")
    assert blocked == []


@pytest.mark.timeout(240)
async def test_two_change_an_entry_without_scripts_and_by_keyboard_alone(
    chromium: Browser, workplace: Workplace
) -> None:
    await full(workplace)
    for scripts in (False, True):
        context = await signed_in(chromium, workplace, width="phone", scripts=scripts, role="administrator")
        page = await context.new_page()
        await page.goto(HERE)
        await page.get_by_role("link", name="Ret oplysningerne").focus()
        await page.keyboard.press("Enter")
        await page.get_by_label("Hovedpostkasse").fill("min@k0751.example")
        theirs = f"deres{int(scripts)}@k0751.example"
        await workplace.desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email=theirs))
        await page.get_by_label("EAN-nummer (frivilligt)").focus()
        await page.keyboard.type("1234")
        await page.get_by_role("button", name="Se, hvad der sker").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("En anden har rettet imens")).to_be_visible()
        await expect(page.get_by_label("Hovedpostkasse", exact=False).last).to_be_visible()
        if scripts:
            await expect(page.get_by_role("alert").first).to_be_focused()
            await look(page, "book-clash-phone")
        await page.get_by_label(f"Behold den andens: {theirs}").focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name="Se, hvad der sker").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("EAN-nummeret skal være på 13 cifre").first).to_be_visible()
        if scripts:
            await look(page, "book-edit-wrong-phone")
        await page.locator("[id='billing.ean']").fill(EAN)
        await page.get_by_role("button", name="Se, hvad der sker").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Det sker, når I trykker")).to_be_visible()
        if scripts:
            await look(page, "book-edit-said-phone")
        await page.get_by_role("button", name="Gem oplysningerne").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").first).to_contain_text("Oplysningerne er gemt")
        await workplace.desk.ask(put_organisation, PutOrganisation(code=AARHUS, main_email="post@k0751.example"))
        await context.close()
