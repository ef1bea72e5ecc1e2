"""Whatever staff type into a text to many, or look for among mails: no error, nothing half done, and only text."""

from __future__ import annotations

import re
from functools import partial

import httpx
import pytest

from services.notifications.entrypoints import pages as entrypoints
from shared.web.badge import COOKIE
from tests.integration.notifications.test_staff_mails import enrolled
from tests.integration.notifications.test_writing_to_many import PDF, draft
from tests.support.facts import PROGRAMME
from tests.support.hostile import Walk, digest_of, must_be_escaped
from tests.support.post_office import HERE, PostOffice
from tests.support.tables import own_tables

_BELOW = "/notifications/stab/forloeb/{programme_id}"
_WISH = {"headline": "Nyt", "body": "Vi ses.", "to": "contacts"}
WRITTEN = {f"{_BELOW}/skriv": _WISH, f"{_BELOW}/skriv/{{writing_id}}/ret": _WISH}
"""Pages on which something is written, and what somebody types who means well."""
LOOKS = {f"{_BELOW}/mails": {"q": "Aarhus"}}
BUTTONS = {
    f"{_BELOW}/mails/{{message_id}}/afgoer",
    f"{_BELOW}/mails/{{message_id}}/send-igen",
    f"{_BELOW}/retur/{{message_id}}/virker",
    f"{_BELOW}/skriv/{{writing_id}}/bilag/{{place:int}}/fjern",
    f"{_BELOW}/skriv/{{writing_id}}/proeve",
    f"{_BELOW}/skriv/{{writing_id}}/send",
    "/notifications/kalender/{token}/nyt",
}
"""Where a button is all there is, which the tests beside this one press."""
FILES = {f"{_BELOW}/skriv/{{writing_id}}/bilag": {"access": "no", "why_not": "Den er scannet."}}
"""Pages that take a document, and what is said of it; `test_writing_to_many.py` brings odd files."""
PAGES = {*WRITTEN, *LOOKS, *BUTTONS, *FILES}
WHOLE = digest_of((*own_tables("notifications"), "outbox", "timers"))


def _browser(office: PostOffice) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=office.url, trust_env=False, headers={"Cookie": f"{COOKIE}={office.cookie}"})


_ODD = ("%00", "a%00b", "%ED%A0%80", "%FF", "..%2F..")


@pytest.mark.parametrize("odd", _ODD)
async def test_whatever_stands_in_an_address_is_nothing_of_ours_and_no_error(post_office: PostOffice, odd: str) -> None:
    await enrolled(post_office, ["0751"])
    for route in entrypoints.pages(post_office.host):
        path = str(getattr(route, "path", "")).replace(":int", "").replace(":path", "")
        if "{" not in path:
            continue
        for programme_id in (odd, PROGRAMME.id):
            named = dict.fromkeys(re.findall(r"{(\w+)}", path), odd)
            named |= {"programme_id": programme_id, "place": "0", "number": "0"}
            answer = await post_office.get(path.format_map(named))
            assert answer.status_code < 500, (path, named)
    for name in ("organisation", "brev", "stilling", "fra"):
        assert (await post_office.get(f"{HERE}/mails?{name}={odd}")).status_code < 500, name


async def _kept(office: PostOffice) -> dict[str, str]:
    return {row[0]: row[1] for row in await office.desk.pool.fetch(WHOLE)}


@pytest.mark.timeout(400)
async def test_whatever_is_written_to_many_is_taken_as_text_or_refused_whole(post_office: PostOffice) -> None:
    await enrolled(post_office)
    async with _browser(post_office) as browser:

        async def look(answer: httpx.Response) -> None:
            at = answer.headers["location"].partition("?")[0]
            for path in (at, f"{at}/html", f"{at}/send", f"{HERE}/skrevet"):
                must_be_escaped((await browser.get(path)).text)

        async def where(page: str) -> str:
            at = await draft(post_office) if "writing_id" in page else ""
            return page.format(programme_id=PROGRAMME.id, writing_id=at.rpartition("/")[2])

        walk = Walk(browser, partial(_kept, post_office), look)
        for page, usual in WRITTEN.items():
            await walk.over(page, partial(where, page), usual, {})
        walk.file = ("fil", PDF)
        for page, usual in FILES.items():
            await walk.over(page, partial(where, page), usual, {})


async def test_whatever_is_looked_for_among_mails_is_shown_as_text(post_office: PostOffice) -> None:
    await enrolled(post_office)
    async with _browser(post_office) as browser:

        async def found(answer: httpx.Response) -> None:
            must_be_escaped(answer.text)

        async def where(page: str) -> str:
            return page.format(programme_id=PROGRAMME.id)

        walk = Walk(browser, partial(_kept, post_office), found, lambda answer: answer.is_success)
        for page, usual in LOOKS.items():
            await walk.over(page, partial(where, page), usual, {})
