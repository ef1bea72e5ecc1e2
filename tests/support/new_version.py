"""A later version of a programme, in whatever way one can change: its texts, and what pages say it will mail."""

from __future__ import annotations

import re
import secrets
from html import unescape
from typing import NamedTuple

import httpx

from deploy.local.locations import ROOT
from tests.support.workplace import hidden, typed

NETWORK, PARTNERS = "ny-version-netvaerk", "ny-version-partnerskab"
EDITOR = "/stab/redigering"
_P1 = (ROOT / "programmes" / "netvaerk-kommunal-ungeindsats.yaml").read_text(encoding="utf-8")
_P3 = (ROOT / "programmes" / "hvidovre-ungepartnerskab.yaml").read_text(encoding="utf-8")


def _replaced(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def _meeting(key: str, group: str, when: str, title: str = "", kind: str = "heldag") -> str:
    return f"  - {{key: {key}, title: {title or key}, kind: {kind}, group: {group}, {when}}}\n"


def _network(version: int, meetings: str, *changes: tuple[str, str]) -> str:
    before, _, rest = _P1.partition("meetings:\n")
    after = rest.partition("\nactivities:")[2]
    text = _replaced(
        f"{before}meetings:\n{meetings}\nactivities:{after}",
        ("netvaerk-kommunal-ungeindsats", NETWORK),
        ("version: 1", f"version: {version}"),
        ("period: {starts: 2020-11, ends: 2022-10}", "period: {starts: 2021-02, ends: 2023-01}"),
        ("ungenetvaerk\n\nenrolment:", "nyversion\n\nenrolment:"),
        ("deadline: 2020-08-21", "deadline: 2021-01-15\n  capacity: {usual: 3, hard: 3, when_full: waiting_list}"),
        ("invitation: {invite_on: 2020-06-15, remind_on: 2020-08-10}", "invitation: {invite_on: 2020-12-31}"),
        ("invoice_on: 2020-09-01", "invoice_on: 2021-02-01"),
        (_ABOUT_INVITING, ""),
    )
    return _replaced(text, *changes)


_ABOUT_INVITING = "".join(line for line in _P1.splitlines(keepends=True) if "about: enrolment.invitation" in line)
_ON_A_DAY = "precision: timed, date: {}, starts: '09:30', ends: '15:00', place: Salen"
FIRST = _network(
    1,
    _meeting("oest-1", "oest", _ON_A_DAY.format("2021-02-10"))
    + _meeting("oest-2", "oest", "precision: day, date: 2021-03-10", kind="digital")
    + _meeting("oest-3", "oest", "precision: month, month: 2021-05")
    + _meeting("vest-1", "vest", _ON_A_DAY.format("2021-02-11")),
)
SECOND = _network(
    2,
    _meeting("oest-1", "oest", _ON_A_DAY.format("2021-02-17"))
    + _meeting("oest-3", "oest", "precision: day, date: 2021-05-12")
    + _meeting("vest-1", "vest", _ON_A_DAY.format("2021-02-18"))
    + _meeting("oest-4", "oest", _ON_A_DAY.format("2021-06-09")),
    ("total: 19500", "total: 20500"),
    ("amount: 19500", "amount: 20500"),
    ("deadline: 2021-01-15", "deadline: 2021-01-29"),
    ("usual: 3, hard: 3", "usual: 4, hard: 4"),
)
"""One meeting moves, one is called off, one gets its day, one is new, and one that nobody is invited to moves; the
price, the deadline and the places are others, so that whoever waits has a place.
"""
THIRD = SECOND.replace("version: 2", "version: 3").replace("title: oest-4", "title: Det fjerde møde")


def _partners(version: int, *changes: tuple[str, str]) -> str:
    return _replaced(
        _P3,
        ("id: hvidovre-ungepartnerskab", f"id: {PARTNERS}"),
        ("version: 3", f"version: {version}"),
        ("period: {starts: 2013-01, ends: 2013-09}", "period: {starts: 2021-01, ends: 2021-09}"),
        ("precision: month\n    month: 2013-03", "precision: day\n    date: 2021-03-16"),
        ("precision: month, month: 2013-04", "precision: day, date: 2021-04-14"),
        ("month: 2013-06", "month: 2021-06"),
        ("when: 2013-", "when: 2021-"),
        *changes,
    )


PARTNERS_FIRST = _partners(1, ("    - {id: tec, title: TEC}\n", ""))
PARTNERS_SECOND = _partners(2, ("date: 2021-03-16", "date: 2021-03-23"))
"""One of two meetings that have a day moves, and there is one member more."""


class Said(NamedTuple):
    """What the pages say before it is published; `words` are those of the last one."""

    mails: int
    mailboxes: int
    words: str


async def said_by_the_pages(browser: httpx.AsyncClient, text: str) -> Said:
    """A draft of this file goes as far as the button, and is thrown away. The browser carries what would come of it
    from service to service, as one without scripts does.
    """
    page = (await browser.get(f"{EDITOR}/fil")).text
    begun = await browser.post(f"{EDITOR}/fil", data=typed(page, _key=secrets.token_hex(16), text=text))
    assert begun.status_code == 303, begun.text
    draft = begun.headers["location"].partition("?")[0]
    shown = await browser.get(f"{draft}/udgiv")
    for address in ("/scheduling/stab/udgivelse", "/notifications/stab/udgivelse"):
        shown = await browser.post(address, data=_carried(shown.text, address))
        assert shown.status_code == 200, shown.text
    page = (await browser.get(f"{draft}/kasser")).text
    assert (await browser.post(f"{draft}/kasser", data=typed(page))).status_code == 303
    words = " ".join(unescape(re.sub(r"<[^>]+>", " ", shown.text.partition("<main")[2])).split())
    found = re.search(r"(\d+) mails? sendes straks, til (\d+) postkasser?", words)
    return Said(int(found[1]), int(found[2]), words) if found else Said(0, 0, words)


def _carried(page: str, address: str) -> dict[str, str]:
    """What the form to that page has in it."""
    form = page.partition(f'action="{address}"')[2].partition("</form>")[0]
    assert form, f"no form leads to {address}: {page}"
    facts = re.search(r'<textarea name="facts"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL)
    assert facts is not None
    return {**hidden(form), "facts": unescape(facts[1])}
