"""Staff look at mails and write to many: at a desk and on a phone, without scripts, by keyboard, for axe."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from shared.contracts.scheduling import MeetingScheduled
from tests.integration.notifications.test_staff_mails import enrolled, only
from tests.support.browser import look, visitor
from tests.support.facts import MEETING, MEETINGS_OWNER, PROGRAMME
from tests.support.post_office import HERE, PostOffice

pytestmark = pytest.mark.browser
MAILS, WRITE = f"{HERE}/mails", f"{HERE}/skriv"


async def signed_in(
    chromium: Browser, office: PostOffice, *, width: str = "desktop", scripts: bool = True
) -> BrowserContext:
    context = await visitor(chromium, office, width=width, scripts=scripts)
    await context.add_cookies(
        [
            {
                "name": "__Host-adgang",
                "value": office.cookie,
                "url": office.url.replace("http:", "https:"),
                "secure": True,
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )
    return context


async def opens(page: Page, path: str, name: str) -> None:
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await look(page, name)


async def test_mails_are_found_read_and_decided_about(chromium: Browser, post_office: PostOffice) -> None:
    await post_office.desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=MEETING))
    context = await signed_in(chromium, post_office)
    page = await context.new_page()
    blocked: list[str] = []
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)
    await opens(page, MAILS, "mails-empty-desktop")
    await opens(page, f"{HERE}/skrevet", "written-empty-desktop")
    await enrolled(post_office)
    await post_office.desk.ring()
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'sent', sent_at = written_at WHERE recipient = 'p0461'"
    )
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'failed', reply = 'smtp_550' WHERE recipient = 'p0751'"
    )
    await post_office.desk.pool.execute("UPDATE messages SET state = 'unknown' WHERE recipient = 'p0851'")
    await opens(page, MAILS, "mails-desktop")
    await page.get_by_label("Søg efter en adresse, ord i emnet eller et Message-ID").fill("karen@k0461.example")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Her er de mails, der passer")
    await look(page, "mails-found-desktop")
    await page.goto(MAILS)
    await page.get_by_role("link", name="Måske sendt", exact=True).click()
    await expect(page.get_by_role("row")).to_have_count(3)
    at = f"{MAILS}/{await only(post_office, 'place_confirmed', '0851')}"
    await opens(page, at, "mail-desktop")
    await page.get_by_text("Se mailen, som et mailprogram viser den").click()
    framed = page.frame_locator("iframe")
    await expect(framed.get_by_text("[personligt link]").first).to_be_visible()
    await look(page, "mail-framed-desktop")
    await page.get_by_role("link", name="Send igen").click()
    await look(page, "mail-again-desktop")
    await page.get_by_role("button", name="Send mailen igen").click()
    await expect(page.get_by_role("status").first).to_contain_text("Mailen er lagt i kø")
    refused = f"{HERE}/retur/{await only(post_office, 'place_confirmed')}"
    await opens(page, refused, "refusing-desktop")
    phone = await (await signed_in(chromium, post_office, width="phone")).new_page()
    for name, path in (("mails", MAILS), ("mail", at), ("refusing", refused)):
        await opens(phone, path, f"{name}-phone")
    assert blocked == []


async def test_a_text_is_written_seen_and_sent_and_the_page_follows_it(
    chromium: Browser, post_office: PostOffice
) -> None:
    await enrolled(post_office)
    page = await (await signed_in(chromium, post_office)).new_page()
    await opens(page, WRITE, "write-desktop")
    await page.get_by_role("button", name="Gem, og se den igennem").click()
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "write-wrong-desktop")
    await page.get_by_label("Emne").fill("Nyt til {kommune}")
    await page.get_by_label("Tekst", exact=True).fill("Hej {navn}.\n\nSe https://example.org/dagsorden.")
    await page.get_by_role("button", name="Gem, og se den igennem").click()
    await expect(page.get_by_text("Den går til 3 postkasser.")).to_be_visible()
    await expect(
        page.frame_locator("iframe").get_by_role("paragraph").filter(has_text="Hej Karen 0851.")
    ).to_be_visible()
    await look(page, "draft-desktop")
    await page.get_by_role("link", name="Vedhæft en fil").click()
    await page.get_by_role("button", name="Vedhæft filen").click()
    await expect(page.get_by_role("alert").first).to_be_focused()
    await look(page, "attach-wrong-desktop")
    file = {"name": "Dagsorden.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
    await page.get_by_label("Fil", exact=True).set_input_files(files=[file])  # type: ignore[list-item]  # a FilePayload
    await page.get_by_role("button", name="Vedhæft filen").click()
    await expect(page.get_by_role("alert").first).to_contain_text("Svar, om Dagsorden.pdf er tilgængelig for alle")
    await look(page, "attach-unanswered-desktop")
    await page.get_by_label("Fil", exact=True).set_input_files(files=[file])  # type: ignore[list-item]  # a FilePayload
    await page.get_by_label("Nej, og der er ingen tilgængelig udgave").check()
    await page.get_by_label("Hvorfor er der ikke en?").fill("Kortet på side 2 er et billede")
    await page.get_by_role("button", name="Vedhæft filen").click()
    await expect(page.get_by_role("link", name="Dagsorden.pdf", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Send den …").click()
    await look(page, "send-desktop")
    await page.get_by_role("button", name="Send mailen").click()
    await expect(page.get_by_text("0 af 3 er sendt")).to_be_visible()
    await look(page, "going-desktop")
    await post_office.desk.ring()
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'sent', sent_at = written_at WHERE template = 'written'"
    )
    # Nothing is pressed: the page asks by itself.
    await expect(page.get_by_text("3 af 3 er sendt")).to_be_visible()
    await expect(page.get_by_role("heading", name="Mailen er sendt")).to_be_visible()
    await look(page, "gone-desktop")
    await opens(page, f"{HERE}/skrevet", "written-desktop")


async def test_a_text_is_written_on_a_phone_without_scripts_and_by_keyboard_alone(
    chromium: Browser, post_office: PostOffice
) -> None:
    await enrolled(post_office)
    page = await (await signed_in(chromium, post_office, width="phone", scripts=False)).new_page()
    await page.goto(WRITE)
    await page.get_by_label("Kontaktpersonerne").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.type("Et emne")
    await page.keyboard.press("Tab")
    await page.keyboard.type("En tekst.")
    await page.get_by_role("button", name="Gem, og se den igennem").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Vedhæft en fil").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Vedhæft en fil")
    attach = page.url
    file = {"name": "Dagsorden.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
    await page.get_by_label("Fil", exact=True).set_input_files(files=[file])  # type: ignore[list-item]  # a FilePayload
    await page.get_by_label("Ja", exact=True).focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("listitem").filter(has_text="Dagsorden.pdf (1 kB; tilgængelig)")).to_be_visible()
    await page.get_by_role("link", name="Send den …").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Send mailen").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("0 af 3 er sendt")).to_be_visible()
    await post_office.desk.ring()
    await post_office.desk.pool.execute(
        "UPDATE messages SET state = 'sent', sent_at = written_at WHERE template = 'written'"
    )
    await page.get_by_role("link", name="Opdatér").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("3 af 3 er sendt")).to_be_visible()
    sighted = await (await signed_in(chromium, post_office, width="phone")).new_page()
    for name, path in (("write", WRITE), ("attach", attach), ("gone", page.url), ("written", f"{HERE}/skrevet")):
        await opens(sighted, path, f"{name}-phone")
