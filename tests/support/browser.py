"""A real Chromium: the system's own, or the one from the package lock. Every page is checked with axe."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from deploy.local.assets import install_browser
from tests.support.mailboxes import Mailboxes

WIDTHS = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}
ELSEWHERE = "tovholder.example"
"""The tests' own machine under a name that a browser does not take for its own: plain http is not trusted there."""
ARGUMENTS = (
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
)

PATIENCE_MS = 20_000
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>
"""
"""A browser without a single font draws nothing, and its links have no size to click on."""


@asynccontextmanager
async def open_chromium(folder: Path) -> AsyncIterator[Browser]:
    path = install_browser()
    fonts = folder / "fonts.conf"
    fonts.write_text(FONTS.format(folder=path.parent / "fonts", cache=fonts.parent), encoding="utf-8")
    own = {"LD_LIBRARY_PATH": str(path.parent), "FONTCONFIG_FILE": str(fonts)}
    environment = {**os.environ, **(own if (path.parent / "lock.sha256").exists() else {})}
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS, env=environment)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with open_chromium(tmp_path_factory.mktemp("fonts")) as browser:
        yield browser


class Place(Protocol):
    """A service on a port."""

    url: str


@runtime_checkable
class Reading(Protocol):
    """A service whose links are mailed to somebody."""

    mailboxes: Mailboxes


async def visitor(
    browser: Browser, town: Place, *, width: str = "desktop", scripts: bool = True, confirmed: bool = True
) -> BrowserContext:
    """A Danish visitor with a screen of this width; `scripts` off = without JavaScript, `confirmed` off = who is asked
    for a code before anything is changed.
    """
    context = await browser.new_context(
        base_url=town.url,
        locale="da-DK",
        timezone_id="Europe/Copenhagen",
        viewport=WIDTHS[width],  # type: ignore[arg-type]  # a ViewportSize
        java_script_enabled=scripts,
    )
    if confirmed and isinstance(town, Reading):
        await Mailboxes(town.mailboxes.pool, town.mailboxes.links).follow(context, town.url)
    return context


async def look(page: Page, name: str) -> None:
    """No violation of WCAG that axe can find, nothing wider than the screen; a picture where one is asked for."""
    folder = os.environ.get("TOVHOLDER_SCREENSHOTS")
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    found = await Axe().run(page)
    violations = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]]
    assert not violations, f"{name}: {violations}"
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"
