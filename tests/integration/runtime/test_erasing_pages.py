"""How far the erasure of a person is in each service, and what is looked for by their address there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from shared.contracts.enrollment import PersonErased
from tests.integration.enrollment.test_book_pages import text
from tests.support.branch import open_branch
from tests.support.hostile import Seen, Walk, digest_of
from tests.support.servers import MakeDatabase
from tests.support.tables import own_tables
from tests.support.workplace import typed

SERVICES = ("scheduling", "invoicing", "notifications")
PAGES = ("/stab/personer", "/stab/personer/{person_id}")
WALKED = {one: {f"/{one}{page}" for page in PAGES} for one in SERVICES} | {"enrollment": set(PAGES)}
"""Every page of these that takes a form, by service."""
BO = "bo@k0751.example"


class Looking(Walk):
    """Presses the button that says what would come of it."""

    async def _form(self, path: str) -> Seen:
        seen = await super()._form(path)
        return replace(seen, fields={**seen.fields, "_se": "1"})


async def unread(_: httpx.Response) -> None:
    """What is taken shows itself."""


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_says_how_far_it_is_and_looks_by_the_address_once_it_has_heard(
    service: str, database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch(service, database, link_key_file, tmp_path) as branch:
        browser, at = branch.comes("administrator"), f"/{service}/stab/personer/w1"
        assert (await branch.comes("consultant").get(at)).status_code == 403
        page = await browser.get(at)
        assert "Er ikke slettet her. Her ligger intet" in text(page)
        early = await browser.post(at, data=typed(page.text, email=BO))
        assert early.status_code == 409
        assert "Personen er ikke slettet endnu" in text(early)

        await branch.room.hear(PersonErased(owner="/tovholder/enrollment", person_id="w1"))
        going = await browser.get(at, headers={"HX-Request": "true"})
        assert "Slettes nu: 0 af" in text(going)
        assert 'hx-trigger="every 2s"' in going.text
        await branch.room.ring(branch.room.time)
        while "hx-get" in (over := (await browser.get(at, headers={"HX-Request": "true"})).text):
            await branch.room.ring(branch.room.time)
        assert "Slettet her" in over

        shown = await browser.post(at, data=typed((await browser.get(at)).text, email=BO, _se="1"))
        assert "Det kan ikke fortrydes" in text(shown)
        done = await browser.post(at, data=typed(shown.text))
        assert (done.status_code, done.headers["location"]) == (303, f"{at}?besked=slettet")
        assert "Der ledes nu også efter adressen" in text(await browser.get(done.headers["location"]))
        assert await branch.room.pool.fetchval("SELECT sought::text FROM erasures WHERE id = 'w1'")


@pytest.mark.parametrize("service", SERVICES)
async def test_whatever_is_typed_about_a_person_is_an_address_or_refused(
    service: str, database: MakeDatabase, link_key_file: Path, tmp_path: Path
) -> None:
    async with open_branch(service, database, link_key_file, tmp_path) as branch:
        whole = digest_of((*own_tables(service), "outbox", "timers"))

        async def kept() -> dict[str, str]:
            return {row[0]: row[1] for row in await branch.room.pool.fetch(whole)}

        walk = Looking(branch.comes("administrator"), kept, unread, lambda answer: answer.is_success)
        for page in PAGES:

            async def where(page: str = page) -> str:
                return f"/{service}{page.format(person_id='w1')}"

            await walk.over(page, where, {"email": BO}, {})
