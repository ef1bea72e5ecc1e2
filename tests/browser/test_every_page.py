"""Every page of every service, found from the routes: with nothing there, in a large installation, and each form sent
empty. A page that is new falls under this by itself, or fails for want of a word on where there is one of it.

`make played` looks at each once; `make walks` (TOVHOLDER_WALKS=1) lets axe look at the empty ones and those with
errors too, and walks once more on a phone and without JavaScript. TOVHOLDER_WRITE_PICTURES=1 writes `docs/pictures/`
and those of them that the help shows.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Response
from starlette.routing import Route

from deploy.local.locations import ROOT
from tests.integration.enrollment.test_hostile_texts import PAGES, Somebody
from tests.support.browser import WIDTHS
from tests.support.every_page import (
    FIGURES,
    LARGEST_BYTES,
    of_people,
    of_staff,
    programme_of_all,
    where_staff_find,
)
from tests.support.mailboxes import Mailboxes
from tests.support.oidc import Provider
from tests.support.servers import MakeDatabase
from tests.support.whole import Whole, address, filled, open_whole

pytestmark = pytest.mark.browser
LONG = bool(os.environ.get("TOVHOLDER_WALKS"))
PICTURES = ROOT / "docs" / "pictures"
HELP = ROOT / "shared" / "web" / "static" / "hjaelp"
HEADINGS = PICTURES / "headings.json"
WRITE = bool(os.environ.get("TOVHOLDER_WRITE_PICTURES"))
SHOWN = {
    "/stab": "arbejdsbord",
    "/stab/adressebog": "adressebog",
    "/stab/forloeb/{programme_id}": "tilmeldinger",
    "/stab/forloeb/{programme_id}/deltagere": "deltagere",
    "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}": "en-tilmelding",
    "/scheduling/stab/forloeb/{programme_id}/moeder": "moeder",
    "/invoicing/stab/forloeb/{programme_id}/oekonomi": "oekonomi",
    "/notifications/stab/forloeb/{programme_id}/mails": "mails",
    "/tilmeld/{programme_id}": "tilmeldingsformular",
    "/plads/{token}": "kommunens-side",
    "/moedeplads/{token}": "deltagerens-side",
}
"""Which pages stand in `docs/pictures/`, and under what name."""

NARROW = (390, 320)
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""The only rule of WCAG 2.2 AA that axe does not look at by itself."""
NOT_SENT = (200, 400, 404, 409, 410, 422)
"""What a form may be answered with that has nothing in it."""

TOO_MUCH, FULL = "x" * 20_001, "with too much"
"""What no field takes; a page that shows it again weighs as much."""
STAFF_OF_ONE = "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}"
ASKS_FOR_NOTHING = {
    "/stab/soeg",
    "/stab/adressebog",
    "/stab/redigering/{draft_id}/felter/{where}",
    f"{STAFF_OF_ONE}/moeder/{{meeting_id}}/behov/{{person_id}}",
    f"{STAFF_OF_ONE}/hold/behov/{{person_id}}",
    f"{STAFF_OF_ONE}/afmeld",
    f"{STAFF_OF_ONE}/roller/{{role_id}}",
    f"{STAFF_OF_ONE}/tilkoeb/{{option_id}}/leveret",
    "/stab/forloeb/{programme_id}/deltagere/{meeting_id}/gaester/{person_id}/behov",
    "/stab/forloeb/{programme_id}/aflys",
    "/invoicing/stab/soeg",
    "/invoicing/stab/forloeb/{programme_id}/oekonomi",
    "/invoicing/stab/forloeb/{programme_id}/oekonomi/krav/{claim_id}/oplysninger",
    "/notifications/stab/forloeb/{programme_id}/mails",
    "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}/sted",
    "/scheduling/stab/forloeb/{programme_id}/moeder/{meeting_id}/aflys",
    "/scheduling/stab/forloeb/{programme_id}/spor/{enrolment_id}/faerdigt",
    "/plads/{token}/kontakt/{role_id}",
    "/plads/{token}/tilkoeb/{option_id}/bestil",
    "/plads/{token}/tilkoeb/{option_id}/tilbud/{round}",
    "/deltagere/{token}/afmeld-kommunen",
    "/deltagere/{token}/hold/behov/{person_id}",
    "/deltagere/{token}/{meeting_id}/behov/{person_id}",
    "/moedeplads/{token}/behov",
    "/holdplads/{token}/behov",
    "/gaest/{token}/behov",
}
"""Forms in which nothing has to be filled in."""
SAYS_NO_TO_NOTHING = {
    "/stab/soeg": "whatever is looked for is found, or is not",
    "/stab/adressebog": "as well",
    "/invoicing/stab/soeg": "as well",
    "/invoicing/stab/forloeb/{programme_id}/oekonomi": "as well",
    "/notifications/stab/forloeb/{programme_id}/mails": "as well",
    f"{STAFF_OF_ONE}/tilkoeb/{{option_id}}/leveret": "a day that is chosen, or today",
    "/scheduling/stab/forloeb/{programme_id}/spor/{enrolment_id}/faerdigt": "as well",
}
"""Forms that have no errors to show, each with the reason."""

SEND = """
    (text) => {
      const fields = 'input:not([type=hidden]), select, textarea';
      const form = [...document.querySelectorAll('main form[method=post]')]
        .find((one) => [...one.querySelectorAll(fields)].some((field) => field.name !== '_website'));
      if (!form) return false;
      form.noValidate = true;
      for (const field of form.querySelectorAll(fields)) {
        if (field.type === 'checkbox' || field.type === 'radio') field.checked = false;
        else if (field.tagName === 'SELECT' || field.type === 'file') field.value = '';
        else field.value = text;
      }
      form.querySelector('button[type=submit], button:not([type])').click();
      return true;
    }
"""
TOO_WIDE = """
    () => document.documentElement.scrollWidth <= window.innerWidth ? [] :
      [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
        .slice(0, 3).map((one) => one.outerHTML.slice(0, 90))
"""


@dataclass
class Walk:
    """Of one browser. `faults` is all that was wrong anywhere, so that one run says everything."""

    page: Page
    name: str
    scripts: bool = True
    axe: bool = True
    faults: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What the page asked for and did not get, or was not allowed to do, so far."""
    answers: list[Response] = field(default_factory=list)
    """To the pages that were asked for."""
    headings: dict[str, str] = field(default_factory=dict)
    """Of the pages that stand in pictures."""
    painted: dict[str, float] = field(default_factory=dict)
    weighed: dict[str, int] = field(default_factory=dict)
    """Milliseconds until the first paint, and bytes, by page."""
    said_no: dict[str, bool] = field(default_factory=dict)
    """By the route of a form that was sent empty: whether all that is missing was said on top of it."""

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: self._said(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.refused.append(f"script: {error}"))
        self.page.on("response", self._answered)
        self.page.on("requestfailed", lambda one: self._failed(one.url, one.failure or ""))

    def _said(self, text: str) -> None:
        # What could not be loaded is said by its answer; a page's own "no" is none of it.
        if not text.startswith("Failed to load resource"):
            self.refused.append(f"console: {text}")

    def _answered(self, answer: Response) -> None:
        if answer.request.is_navigation_request() and answer.frame == self.page.main_frame:
            self.answers.append(answer)
        elif answer.status >= 400:
            self.refused.append(f"{answer.status} {answer.url}")

    def _failed(self, url: str, why: str) -> None:
        # So ends what is under way when the next page is asked for.
        if why != "net::ERR_ABORTED":
            self.refused.append(f"{url}: {why}")

    async def to(self, path: str, *, template: str = "", allowed: tuple[int, ...] = (200,)) -> None:
        self.refused.clear()
        self.answers.clear()
        await self.page.goto(path)
        await self._judge(path, allowed)
        if template in SHOWN and self.scripts:
            await self._picture(SHOWN[template])

    async def sends(self, path: str, template: str) -> None:
        """The first form in which something is filled in is sent without, past what the browser itself asks for; where
        nothing has to be filled in, with too much.
        """
        self.answers.clear()
        await self.page.goto(path)
        text = TOO_MUCH if template in ASKS_FOR_NOTHING else ""
        if await self.page.evaluate(SEND, text):
            await self.page.wait_for_event("load")
            await self._judge(f"{path}, sent {FULL if text else 'empty'}", NOT_SENT)
            focused = await self.page.evaluate("() => document.activeElement.matches('.alert-error')")
            self.said_no[template] = self.answers[-1].status == 422 and focused

    async def _judge(self, at: str, allowed: tuple[int, ...]) -> None:
        answer, where = self.answers[-1], f"{self.name}: {at}"
        if answer.status not in allowed:
            self.faults.append(f"{where}: {answer.status}")
        if self.scripts and await self.page.query_selector("[hx-get]"):
            await self.page.wait_for_load_state("networkidle")
        if (headings := await self.page.locator("h1").count()) != 1:
            self.faults.append(f"{where}: {headings} h1")
        title = await self.page.title()
        if not re.fullmatch(r"(?!Tovholder –).+ – Tovholder", title):
            self.faults.append(f"{where}: its title is {title!r}")
        if self.scripts:
            size, self.painted[at] = await self.page.evaluate(FIGURES)
            if not at.endswith(FULL):
                self.weighed[at] = size
            if self.weighed.get(at, 0) > LARGEST_BYTES:
                self.faults.append(f"{where}: {size} bytes")
            await self._look(where)
        self.faults += [f"{where}: {one}" for one in self.refused]
        self.refused.clear()

    async def _look(self, where: str) -> None:
        if self.axe:
            found = (await Axe().run(self.page, options=OPTIONS)).response["violations"]
            self.faults += [
                f"{where}: {one['id']}: {[node['html'][:120] for node in one['nodes'][:2]]}" for one in found
            ]
        usual = self.page.viewport_size
        for width in NARROW:
            await self.page.set_viewport_size({"width": width, "height": 844})
            if wide := await self.page.evaluate(TOO_WIDE):
                self.faults.append(f"{where}: wider than {width} px: {wide}")
        if usual:
            await self.page.set_viewport_size(usual)

    async def _picture(self, name: str) -> None:
        self.headings[name] = await self.page.locator("h1").inner_text()
        if not WRITE:
            return
        usual = self.page.viewport_size
        for size in WIDTHS.values():
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]  # a ViewportSize
            await self.page.screenshot(path=PICTURES / f"{name}-{size['width']}.png")
        if (shown := HELP / f"{name}.png").exists():
            shown.write_bytes((PICTURES / f"{name}-390.png").read_bytes())
        if usual:
            await self.page.set_viewport_size(usual)


@pytest.fixture
async def whole(
    database: MakeDatabase,
    link_key_file: Path,
    oidc_provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Whole]:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)
    async with open_whole(database, link_key_file, oidc_provider, tmp_path) as installation:
        yield installation


@pytest.mark.timeout(1800 if LONG else 600)
async def test_every_page_in_every_state_is_fit_for_everybody(
    chromium: Browser, whole: Whole, capsys: pytest.CaptureFixture[str]
) -> None:
    client = await whole.workplace.signed_in("administrator")
    staff = await walks(chromium, whole, client)
    for walk in staff:
        walk.axe = LONG
        await where_nothing_is(walk, whole)
        walk.axe = True
    await filled(whole, programme_of_all())
    there = await where_staff_find(whole)
    for walk in staff:
        for route, path in there:
            await walk.to(path, template=route.path)
    people = await walks(chromium, whole, None)
    known = await of_people(whole)
    for walk in people:
        for template, path in known.items():
            await walk.to(path, template=template, allowed=(200, 400) if template == "/login/tilbage" else (200,))
    for walk in staff:
        walk.axe = LONG
        if walk.scripts:
            await over_what_staff_send(walk, there)
    await whole.workplace.desk.has_meeting()
    for walk in people:
        await over_what_people_send(walk, whole)
    must_be_fit((*staff, *people))
    must_be_pictured({**staff[0].headings, **people[0].headings})
    if LONG:
        with capsys.disabled():
            sys.stdout.write(figures((*staff, *people)))


def must_be_fit(walked: Sequence[Walk]) -> None:
    faults = [fault for walk in walked for fault in walk.faults]
    assert not faults, "\n".join(faults)
    said_no = {template: said for walk in walked for template, said in walk.said_no.items()}
    assert {template for template, said in said_no.items() if not said} == set(SAYS_NO_TO_NOTHING)
    assert set(said_no) >= ASKS_FOR_NOTHING


def must_be_pictured(headings: Mapping[str, str]) -> None:
    if WRITE:
        HEADINGS.write_text(json.dumps(headings, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    assert headings == json.loads(HEADINGS.read_text(encoding="utf-8")), "a page that stands in a picture has changed"


def figures(walked: Sequence[Walk]) -> str:
    """Of all pages in all states: when something was painted first, and what a page weighs without its pictures."""
    painted = sorted(one for walk in walked for one in walk.painted.values())
    weighed = [size for walk in walked for size in walk.weighed.values()]
    half, most = statistics.median(painted), painted[int(len(painted) * 0.95)]
    return (
        f"\n{len(painted)} pages: first paint p50 {half:.0f}, p95 {most:.0f}, slowest {painted[-1]:.0f} ms; "
        f"heaviest {max(weighed) / 1000:.0f} kB; {sum(len(walk.said_no) for walk in walked)} forms sent as nobody may\n"
    )


async def walks(chromium: Browser, whole: Whole, client: httpx.AsyncClient | None) -> list[Walk]:
    """The long form walks on a phone and without scripts, too."""
    ways = (("desktop", True), ("phone", True), ("desktop", False)) if LONG else (("desktop", True),)
    found = []
    for width, scripts in ways:
        context = await whole.browser(chromium, client, width=width, scripts=scripts)
        found.append(Walk(await context.new_page(), f"{width}{'' if scripts else ' without scripts'}", scripts))
    return found


async def where_nothing_is(walk: Walk, whole: Whole) -> None:
    for service, route, names in of_staff():
        if not set(names) - {"programme_id"}:
            await walk.to(await address(whole, service, route.path, names), allowed=(200, 404))


async def over_what_staff_send(walk: Walk, there: list[tuple[Route, str]]) -> None:
    """Something changes by it now and then: what is asked for later may be gone."""
    for route, path in there:
        if "POST" in (route.methods or ()):
            await walk.sends(path, route.path)


async def over_what_people_send(walk: Walk, whole: Whole) -> None:
    """Each page has what it needs made anew, and what was there is gone."""
    desk = whole.workplace.desk
    town: Any = SimpleNamespace(desk=desk, mailboxes=Mailboxes(desk.pool, desk.links))
    await town.mailboxes.follow(walk.page.context, whole.url)
    somebody = Somebody(town)
    for template in PAGES:
        path = await somebody.path(template)
        await walk.to(path)
        if walk.scripts:
            walk.axe = LONG
            await walk.sends(path, template)
            walk.axe = True
