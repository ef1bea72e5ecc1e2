"""Every letter as a mail program shows it: on a phone and on a desk, light and dark, and without its styles."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Page

from services.notifications.adapters.texts import Words
from shared.contracts.programme import LookTerm
from tests.unit.notifications.test_both_forms import ALL, says_of
from tests.unit.notifications.test_texts import CONTACTS, LETTERS, STORED_BEFORE, WORDS, letters

pytestmark = pytest.mark.browser

NARROW, WIDE = 320, 600
THUMB, FINGERTIP = 44, 24
PICTURES = Path(__file__).parents[2] / "docs" / "pictures" / "mails"
WRITES = os.environ.get("TOVHOLDER_WRITE_PICTURES") == "1"
LARGEST_PICTURE = 60_000
SLACK = 28
"""Pixels: a line more or less, for fonts differ. And of the height of a part, a quarter."""
LOOKS: tuple[dict[str, Any] | None, ...] = (
    None,
    *(
        LookTerm(colour=colour, text=text).model_dump()
        for colour, text in (
            ("#005a8c", "white"),
            ("#ffcc00", "black"),
            ("#767676", "white"),
            ("#000000", "white"),
            ("#ffffff", "black"),
        )
    ),
)
PICTURED = {
    "invitation": None,
    "place_confirmed": {"colour": "#00665c", "text": "white"},
    "waitlisted": {"colour": "#ffcc00", "text": "black"},
    "invoice": None,
    "digest": None,
}
SHOWN = ((NARROW, "light"), (WIDE, "dark"))
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
JUDGED = """async levels => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: levels}, resultTypes: ["violations"]});
    return found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html}`));
}"""
FAULTS = """([thumb, fingertip]) => {
    const found = [], width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) found.push(`${document.documentElement.scrollWidth} wide`);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(text);
        for (const box of range.getClientRects())
            if (box.left < 0 || box.right > width + 0.5) found.push(`cut: ${text.data.trim()}`);
    }
    for (const part of document.querySelectorAll("body *")) {
        const style = getComputedStyle(part);
        if (style.overflow !== "visible" && style.display !== "none") found.push(`${part.tagName} hides something`);
    }
    for (const link of document.querySelectorAll("a")) {
        const box = link.getBoundingClientRect(), least = link.closest(".button") ? thumb : fingertip;
        if (box.height < least || box.width < least) found.push(`${box.width} x ${box.height}: ${link.textContent}`);
    }
    return found;
}"""
BARE = """() => {
    document.querySelectorAll("style").forEach(sheet => sheet.remove());
    document.querySelectorAll("[style]").forEach(part => part.removeAttribute("style"));
}"""
PARTS = """() => [...document.querySelectorAll("td.sender, h1, h2, p, .words > table, ul")].map(part => {
    const box = part.getBoundingClientRect(), button = part.querySelector(":scope .button a");
    const style = getComputedStyle(button || part);
    let under = button || part;
    while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
    return {
        part: button ? "button" : part.matches("p") && part.querySelector("a.link") ? "link" : part.localName,
        left: Math.round(box.left), top: Math.round(box.top), height: Math.round(box.height),
        width: button ? null : Math.round(part.parentElement.getBoundingClientRect().width),
        colour: style.color, on: getComputedStyle(under).backgroundColor,
    };
})"""
POINTS = """() => {
    const at = (part, right, down) => {
        const box = document.querySelector(part)?.getBoundingClientRect();
        const from = (first, last, far) => Math.round(far < 0 ? last + far : first + far);
        return box ? [from(box.left, box.right, right), from(box.top, box.bottom, down)] : null;
    };
    return {beside: [3, 40], card: at(".card", 4, 4), bar: at(".sender", 12, -2), button: at(".button", 6, 6)};
}"""


async def opened(browser: Browser) -> tuple[Page, list[str]]:
    """A page, and whatever it asks somebody for."""
    context = await browser.new_context(locale="da-DK", viewport={"width": NARROW, "height": 800})
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return page, asked


def coloured() -> Iterator[tuple[str, str]]:
    """Every letter that there is, in one look or another; a released one with the words it was stored with."""
    looks = cycle(LOOKS)
    for name, letter in LETTERS.items():
        home = letters.leading_home(letter, "/plads/jeres-egen" if letter.to.key in CONTACTS else None)
        says = {**says_of(home), "name": home.to.name, "look": next(looks)}
        yield name, WORDS.write(home.template, f"Kære {home.to.name}", says).html
    for name, (texts, _) in ALL.items():
        if name not in LETTERS:
            yield name, texts.html
    long = "Helhedsorienteretungeindsatsnetværkssamarbejdskonferencedeltagergebyr" * 3
    for stored in STORED_BEFORE[:12]:
        programme = stored["says"].get("programme") and {**stored["says"]["programme"], "title": long}
        says = {**stored["says"], "programme": programme, "organisation": long}
        yield (
            f"long-{stored['letter']}",
            Words(f"https://{'x' * 60}.example").write(stored["template"], long, says).html,
        )


async def judged(page: Page) -> list[str]:
    """What axe says of it; not all that it has nothing to say of, which takes longer than looking."""
    found: list[str] = await page.evaluate(JUDGED, LEVELS)
    return found


async def test_every_letter_is_whole_and_can_be_read_and_clicked_on_at_any_width_and_in_the_dark(
    chromium: Browser,
) -> None:
    page, asked = await opened(chromium)
    axe = AXE.read_text(encoding="utf-8")
    faults = []
    for name, html in coloured():
        await page.set_content(html)
        await page.evaluate(axe)
        for width in (NARROW, WIDE):
            await page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
                faults += [(name, width, scheme, fault) for fault in await page.evaluate(FAULTS, [THUMB, FINGERTIP])]
                # What a released version stored is in the same parts; colours do not depend on the width.
                if width == NARROW and not name.startswith("released"):
                    faults += [(name, width, scheme, fault) for fault in await judged(page)]
        if name in LETTERS:
            # A long address breaks nowhere without its style; beyond that, black on white and as wide as there is room.
            await page.evaluate(BARE)
            bare = await page.evaluate(FAULTS, [0, 0])
            faults += [(name, WIDE, "bare", fault) for fault in bare]
    assert faults == [], f"{len(faults)}: {faults[:20]}"
    assert asked == []
    await page.context.close()


def pictured(name: str) -> str:
    letter = letters.leading_home(LETTERS[name], "/plads/jeres-egen" if LETTERS[name].to.key in CONTACTS else None)
    says = {**says_of(letter), "name": letter.to.name, "look": PICTURED[name]}
    return WORDS.write(letter.template, f"Kære {letter.to.name}", says).html


async def pixel(page: Page, at: tuple[int, int]) -> str:
    """Its colour as it is drawn, #rrggbb."""
    png = await page.screenshot(clip={"x": at[0], "y": at[1], "width": 1, "height": 1}, full_page=True)
    data, at_chunk = b"", 8
    while at_chunk < len(png):
        size = int.from_bytes(png[at_chunk : at_chunk + 4], "big")
        if png[at_chunk + 4 : at_chunk + 8] == b"IDAT":
            data += png[at_chunk + 8 : at_chunk + 8 + size]
        at_chunk += size + 12
    return f"#{zlib.decompress(data)[1:4].hex()}"


async def laid_out(page: Page) -> dict[str, Any]:
    points = {point: at for point, at in (await page.evaluate(POINTS)).items() if at}
    return {
        "parts": await page.evaluate(PARTS),
        "colours": {point: await pixel(page, at) for point, at in points.items()},
    }


def moved(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """What differs by more than another font makes of it."""
    found = []
    if now["colours"] != before["colours"]:
        found.append(f"{now['colours']} for {before['colours']}")
    if [one["part"] for one in now["parts"]] != [one["part"] for one in before["parts"]]:
        return [*found, "other parts, or in another order"]
    for one, was in zip(now["parts"], before["parts"], strict=True):
        same = {name: one[name] for name in ("left", "width", "colour", "on")}
        if same != {name: was[name] for name in same} or abs(one["height"] - was["height"]) > max(
            SLACK, was["height"] / 4
        ):
            found.append(f"{one} for {was}")
    return found


async def test_five_letters_lie_as_their_pictures_show(chromium: Browser) -> None:
    page, _ = await opened(chromium)
    before = {} if WRITES else json.loads((PICTURES / "layout.json").read_text(encoding="utf-8"))
    now = {}
    for name in PICTURED:
        await page.set_content(pictured(name))
        for width, scheme in SHOWN:
            await page.set_viewport_size({"width": width, "height": 800})
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
            shown = f"{name}-{width}-{scheme}"
            now[shown] = await laid_out(page)
            for above, below in pairwise(now[shown]["parts"]):
                assert above["top"] + above["height"] <= below["top"] + 1, (shown, above, below)
            if WRITES:
                await page.screenshot(path=PICTURES / f"{shown}.png")
    await page.context.close()
    if WRITES:
        (PICTURES / "layout.json").write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    else:
        assert {shown: moved(now[shown], before[shown]) for shown in before} == {shown: [] for shown in now}
    assert {path.stem for path in PICTURES.glob("*.png")} == set(now)
    for path in PICTURES.glob("*.png"):
        assert path.stat().st_size <= LARGEST_PICTURE, path.name
