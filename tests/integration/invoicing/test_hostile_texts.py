"""Whatever is put into the form that credits an invoice: no error, nothing half done, and only text."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from lxml import html

from tests.support.facts import a_meeting_held, a_person, an_extra_participant
from tests.support.hostile import ALONE, OK, Walk, digest_of, must_be_escaped
from tests.support.invoicing_web import CountingHouse
from tests.support.tables import own_tables

PAGES = ("/invoicing/fakturaer/{token}",)
"""Every page that takes a form."""
WHOLE = digest_of((*own_tables("invoicing"), "outbox", "timers"))
CREDITED = 4 + 2 * len(ALONE)
"""As many lines as may be credited, one after the other: whatever is typed by itself in two fields, and the others."""


@pytest.mark.timeout(600)
async def test_whatever_is_typed_is_taken_as_text_or_refused_whole(counting_house: CountingHouse) -> None:
    books, client = counting_house.books, counting_house.client
    people = (a_person(f"Deltager {number}", f"d{number}@kobenhavn.example") for number in range(CREDITED))
    await books.hear(*(an_extra_participant(person=one) for one in people), a_meeting_held())
    await books.ring(datetime(2021, 4, 16, 6, tzinfo=UTC))
    await counting_house.move_clock()

    async def anew() -> str:
        return await counting_house.page_of("N-1")

    async def kept() -> dict[str, str]:
        return {row[0]: row[1] for row in await books.pool.fetch(WHOLE)}

    async def look(answer: httpx.Response) -> None:
        """The page says that it is done, and shows the files."""
        page = await client.get(answer.headers["location"])
        must_be_escaped(page.text)
        for path in html.fromstring(page.text).xpath("//a/@href[contains(., '/invoicing/fakturaer/')]"):
            shown = await client.get(path)
            assert shown.status_code == OK, (path, shown.text)
            if path.endswith(".html"):
                must_be_escaped(shown.text)

    walk = Walk(client, kept, look)
    for page in PAGES:
        await walk.over(page, anew, {"reason": "Aftalt."}, {})
