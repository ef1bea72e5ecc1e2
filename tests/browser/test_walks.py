"""The walks of `tests/support/walks.py`: by keyboard alone, without JavaScript, and on a phone, in one installation.

Each way has municipalities of its own, so that nobody comes upon what another one has done.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from services.enrollment.domain.enrolment import enrolment_id
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.contracts.event import Event
from tests.integration.enrollment.test_hostile_texts import kept
from tests.integration.enrollment.test_waiting_list import codes_of, with_places
from tests.support.browser import visitor
from tests.support.enrollment_desk import P1, Desk, programme_text, sign_up
from tests.support.mailboxes import Mailboxes
from tests.support.walks import OWN, WAYS
from tests.support.workplace import Workplace

pytestmark = pytest.mark.browser
MOST_TABS, MOST_CHOICES, MOST_OPTIONS = 150, 10, 110
FULL, OVER = "fyldt", "frist-forbi"
"""Programmes: with more who wait than places, and whose deadline has passed."""
MEETING = "m-heldag-vest"
STAFF = f"/stab/forloeb/{P1}"
LOOK = "Se, hvad der sker"
HAS_FOCUS = """
    one => one === document.activeElement || (one.type === 'radio' && one.name === document.activeElement.name)
"""
"""Of those that one is chosen of Tab comes to one alone."""
LINK = re.compile(r'"(/[a-z-]+/[^"]*)"')


@dataclass(slots=True)
class Place:
    """A service on a port, and the mailboxes that its links were mailed to (`visitor`)."""

    url: str
    mailboxes: Mailboxes


@dataclass(slots=True)
class Hand:
    """Of somebody at a page: with `keyboard` by keys alone; on a `phone` nothing is ever wider than it is."""

    page: Page
    way: str
    desk: Desk
    url: str

    async def name_of(self, code: str) -> str:
        found: str = await self.desk.pool.fetchval("SELECT name FROM organisations WHERE code = $1", code)
        return found

    async def reach(self, wanted: Locator) -> None:
        for _ in range(MOST_TABS):
            if await wanted.evaluate(HAS_FOCUS):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never came to {wanted}")

    async def press(self, name: str, role: Any = "button") -> None:
        wanted = self.page.get_by_role(role, name=name).first
        await expect(wanted).to_be_visible()
        if self.way == "keyboard":
            await self.reach(wanted)
            await self.page.keyboard.press("Enter")
        else:
            await wanted.click()

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}(\s*\(frivilligt\))?\s*$"))

    async def type(self, label: str, text: str) -> None:
        if self.way == "keyboard":
            await self.reach(self.field(label))
            await self.page.keyboard.press("ControlOrMeta+a")
            await self.page.keyboard.type(text)
        else:
            await self.field(label).fill(text)

    async def choose(self, label: str, option: str) -> None:
        if self.way == "keyboard":
            await self.reach(self.field(label))
            await self._go_down_to(self.field(label).locator("option:checked"), option)
        else:
            await self.field(label).select_option(label=option)
        await expect(self.field(label).locator("option:checked")).to_have_text(option)

    async def _go_down_to(self, chosen: Locator, option: str) -> None:
        """By the arrow: what is typed in a list begins anew where a busy machine is a second late."""
        for _ in range(MOST_OPTIONS):
            if (await chosen.text_content() or "").strip() == option:
                return
            await self.page.keyboard.press("ArrowDown")

    async def tick(self, label: str) -> None:
        if self.way == "keyboard":
            await self.reach(self.field(label))
            await self.page.keyboard.press("Space")
            for _ in range(MOST_CHOICES):
                if await self.field(label).is_checked():
                    break
                await self.page.keyboard.press("ArrowDown")
        else:
            await self.field(label).check()
        await expect(self.field(label)).to_be_checked()

    async def sees(self, text: str) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible()
        await expect(self.page.get_by_role("heading", level=1)).to_have_count(1)
        if self.way == "phone":
            # Once it is laid out: its style may come a moment after its words.
            await expect(self.page.locator("html")).to_have_js_property("scrollWidth", self.page.viewport_size["width"])

    async def downloads(self, link: str) -> bytes:
        async with self.page.expect_download() as loading:
            await self.press(link, "link")
        return await asyncio.to_thread(Path(await (await loading.value).path()).read_bytes)


async def with_a_forbehold(hand: Hand, code: str) -> None:
    name = await hand.name_of(code)
    await hand.desk.knows(code)
    await hand.page.goto(f"/tilmeld/{P1}")
    await hand.choose("Kommune", name)
    await hand.type("Navn", "Karen Kontakt")
    await hand.type("E-mail", f"karen@k{code}.example")
    await hand.tick("Vi tilmelder os med forbehold for politisk godkendelse")
    await hand.type("Udvalg, der skal godkende", "Børneudvalget")
    await hand.press("Send tilmeldingen")
    await hand.sees("Tilmeldingen er modtaget")
    await hand.page.goto((await mailed(hand.desk))[-1])
    await hand.sees("Børneudvalget")
    await hand.press("Bekræft tilmeldingen")
    await hand.sees(f"{name} er tilmeldt")
    await hand.press("Se møder og deltagere", "link")
    found = await hand.desk.pool.fetchrow(
        "SELECT state, forbehold_open FROM enrolments WHERE id = $1", enrolment_id(P1, code)
    )
    assert tuple(found or ()) == ("enrolled", True)


async def after_a_scanner(hand: Hand, code: str) -> None:
    """It opens every link of every mail so far, scripts on, before anybody has read one; then somebody confirms."""
    await hand.desk.knows(code)
    await hand.desk.told()
    await hand.desk.form(code, caller=f"192.0.2.{code[-2:]}")
    path = (await mailed(hand.desk))[-1]
    opened, before = await mailed(hand.desk), await kept(hand.desk)
    assert {one.split("/")[1] for one in opened} >= {"tilmeld", "plads", "deltagere", "moedeplads"}
    assert hand.page.context.browser is not None
    scanner = await hand.page.context.browser.new_context(base_url=hand.url)
    page = await scanner.new_page()
    for one in opened:
        answer = await page.goto(one, wait_until="load")
        assert answer is not None
        assert answer.status in {200, 404, 410}, one
    await scanner.close()
    assert await kept(hand.desk) == before, "to open a link changes nothing"
    await hand.page.goto(path)
    await hand.press("Bekræft tilmeldingen")
    await hand.sees(f"{await hand.name_of(code)} er tilmeldt")


async def one_more_place(hand: Hand, _: str) -> None:
    places = await hand.desk.pool.fetchval("SELECT hard_capacity FROM programmes WHERE id = $1", FULL) + 1
    await hand.page.goto(f"/stab/forloeb/{FULL}/venteliste")
    await hand.type("Hvad hvis der var så mange pladser?", str(places))
    await hand.press("Se, hvem der fik plads")
    await hand.sees(f"Med {places} pladser ville 1 på ventelisten få plads.")
    await hand.press(f"Skift til {places} pladser …", "link")
    await hand.press(LOOK)
    await hand.sees("1 får plads, ")
    assert await taken_in(hand.desk) == places - 1
    await hand.press("Skift antallet")
    await hand.sees("Venteliste")
    assert await taken_in(hand.desk) == places


async def after_the_deadline(hand: Hand, code: str) -> None:
    name = await hand.name_of(code)
    await hand.page.goto(f"/stab/forloeb/{OVER}/skriv-ind")
    await hand.sees("Fristen er gået.")
    await hand.choose("Kommune", name)
    await hand.type("Navn", "Karen Kontakt")
    await hand.type("E-mail", f"karen@k{code}.example")
    await hand.press(LOOK)
    await hand.sees("Ret denne fejl")
    await hand.tick("Kommunen kommer med, selv om fristen er gået")
    await hand.type("Hvorfor", "Borgmesteren ringede")
    await hand.press(LOOK)
    await hand.sees("Borgmesteren ringede")
    await hand.press("Skriv tilmeldingen ind")
    await hand.sees("Tilmeldingen er skrevet ind")
    await hand.sees(name)


async def hand_over(hand: Hand, code: str) -> None:
    place = await enrolled(hand.desk, code)
    await hand.page.goto(str(place.standing_path))
    await hand.press("Skift kontaktperson", "link")
    await hand.type("Den nyes navn", "Eva Efter")
    await hand.type("Den nyes e-mail", f"eva@k{code}.example")
    await hand.tick("Ja, vi giver det fra os, og vores links skal ikke virke længere")
    await hand.press("Skift kontaktperson")
    await hand.sees("Kontakten er skiftet")
    now = await hand.desk.pool.fetchval("SELECT contact ->> 'name' FROM enrolments WHERE id = $1", place.enrolment_id)
    assert now == "Eva Efter"


async def in_and_out(hand: Hand, code: str) -> None:
    place = await enrolled(hand.desk, code, group="vest")
    await hand.page.goto(str(place.participants_path))
    await hand.press("Tilmeld deltagere til Møde", "link")
    await hand.type("Navn", "Anna")
    await hand.type("E-mail", f"anna@k{code}.example")
    await hand.tick("Leder af ledere")
    await hand.press("Tilmeld deltageren")
    await hand.sees("Deltageren er tilmeldt")
    await hand.press("Skift deltager Anna", "link")
    await hand.type("Den nye deltagers navn", "Frida")
    await hand.type("Den nye deltagers e-mail", f"frida@k{code}.example")
    await hand.tick("Leder af ledere")
    await hand.press("Skift deltageren")
    await hand.sees("Deltageren er skiftet")
    await hand.press("Afmeld Frida", "link")
    await hand.press("Afmeld deltageren")
    await hand.sees("Ingen er tilmeldt endnu")


async def taken_out(hand: Hand, _: str) -> None:
    await hand.page.goto(STAFF)
    sheet = (await hand.downloads("CSV")).decode("utf-8-sig")
    assert "karen@" in sheet
    assert (await hand.downloads("Excel")).startswith(b"PK")
    await hand.sees("Hent hele listen")


WALKS: Mapping[str, Callable[[Hand, str], Awaitable[None]]] = {
    "change tovholder": hand_over,
    "register, replace and cancel participants": in_and_out,
    "sign up with a forbehold": with_a_forbehold,
    "a scanner opens every link": after_a_scanner,
    "what-if and raise the limit": one_more_place,
    "staff admit late": after_the_deadline,
    "export": taken_out,
}


async def mailed(desk: Desk) -> list[str]:
    """Every link of ours that was told so far, in the order in which they were."""
    rows = await desk.pool.fetch("SELECT convert_from(payload, 'UTF8') AS said FROM outbox ORDER BY id")
    return list(dict.fromkeys(one for row in rows for one in LINK.findall(row["said"]) if not one.startswith("/tovh")))


async def taken_in(desk: Desk) -> int:
    found: int = await desk.pool.fetchval("SELECT taken FROM programmes WHERE id = $1", FULL)
    return found


async def enrolled(desk: Desk, code: str, **more: Any) -> MunicipalityEnrolled:
    await desk.told()
    await desk.enrol(sign_up(code, **more))
    told: list[Event] = await desk.told()
    return next(one for one in told if isinstance(one, MunicipalityEnrolled))


async def opened(desk: Desk) -> None:
    """Three programmes: one that takes everybody, one that is full, and one whose deadline has passed."""
    await desk.publish(with_places(90, 90, forbehold="holds: always"))
    await desk.has_meeting()
    await desk.publish(with_places(2, 2).replace(f"id: {P1}", f"id: {FULL}"))
    over = programme_text().replace(f"id: {P1}", f"id: {OVER}")
    for day, earlier in (("2020-08-21", "2020-05-15"), ("2020-06-15", "2020-04-01"), ("2020-08-10", "2020-05-01")):
        over = over.replace(day, earlier)
    await desk.publish(over)
    await desk.enrol(*(sign_up(code, programme_id=FULL) for code in await codes_of(desk, 6)))
    guest = await enrolled(desk, (await codes_of(desk, 40))[-1], group="vest")
    await desk.register(guest.enrolment_id, MEETING, "Gerda Gammel")


async def context(chromium: Browser, place: Place, way: str, cookies: list[Any]) -> BrowserContext:
    width, scripts = "phone" if way == "phone" else "desktop", way != "without scripts"
    found = await visitor(chromium, place, width=width, scripts=scripts)
    await found.add_cookies(cookies)
    return found


def test_what_is_walked_here_is_what_the_table_says() -> None:
    assert set(WALKS) == set(OWN)


@pytest.mark.timeout(300)
async def test_each_walk_is_taken_in_every_way(
    chromium: Browser, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)
    desk = workplace.desk
    await opened(desk)
    client = await workplace.signed_in("consultant")
    secure = {"url": workplace.url.replace("http:", "https:"), "secure": True, "httpOnly": True, "sameSite": "Lax"}
    cookies = [
        {"name": one.name, "value": one.value or "", **secure}
        for one in client.cookies.jar
        if one.name.startswith("__Host-")
    ]
    codes = iter((await codes_of(desk, 39))[6:])
    for way in WAYS:
        place = Place(workplace.url, Mailboxes(desk.pool, desk.links))
        browser = await context(chromium, place, way, cookies)
        page = await browser.new_page()
        await page.goto(STAFF)
        for name, walk in WALKS.items():
            hand = Hand(page, way, desk, workplace.url)
            try:
                await walk(hand, next(codes))
            except Exception as error:
                error.add_note(f"{name}, {way}, at {page.url}")
                raise
        await browser.close()
