"""Whatever staff type about what is owed: no error, nothing half done, and only text."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import httpx
import pytest

from services.invoicing.entrypoints.pages import pages
from shared.contracts.enrollment import ProgrammeCancelled
from tests.integration.invoicing.test_staff_ledger import MONEY
from tests.integration.runtime import test_erasing_pages as erasing
from tests.support.branch import Branch
from tests.support.facts import (
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
)
from tests.support.hostile import Walk, digest_of, must_be_escaped
from tests.support.tables import own_tables

_BELOW = "/invoicing/stab/forloeb/{programme_id}"
ACTS = {
    f"{_BELOW}/fakturaer/{{invoice_id}}/krediter": {"reason": "Aftalt."},
    f"{_BELOW}/fakturaer/{{invoice_id}}/betaling": {"amount": "1", "paid_on": "2021-01-08"},
    f"{_BELOW}/oekonomi/krav/{{claim_id}}/faktureres-ikke": {"reason": "Aftalt."},
    f"{_BELOW}/oekonomi/krav/{{claim_id}}/oplysninger": {"billing.ean": "5798009800015"},
}
"""Pages on which something is done, and what somebody types who means well."""
LOOKS = {"/invoicing/stab/soeg": {"q": "N-1"}, f"{_BELOW}/oekonomi": {"q": "Aarhus"}}
ASK_NOTHING = {f"{_BELOW}/oekonomi/krav/{{claim_id}}/fakturer-alligevel"}
WHOLE = digest_of((*own_tables("invoicing"), "outbox", "timers"))


def test_every_form_is_walked_over(money_office: Branch) -> None:
    forms = {one.path for one in pages(money_office.host) if "POST" in (getattr(one, "methods", None) or ())}
    staff = {one for one in forms if one.startswith("/invoicing/stab/")}
    assert staff == {*ACTS, *LOOKS, *ASK_NOTHING} | erasing.WALKED["invoicing"]


@pytest.mark.timeout(600)
async def test_whatever_is_typed_is_taken_as_text_or_refused_whole(money_office: Branch) -> None:
    room, browser, numbers = money_office.room, money_office.comes("finance"), itertools.count(1)
    room.time = datetime(2021, 4, 10, 6, tzinfo=UTC)
    await room.hear(a_meeting_held())

    async def kept() -> dict[str, str]:
        return {row[0]: row[1] for row in await room.pool.fetch(WHOLE)}

    async def look(answer: httpx.Response) -> None:
        for path in (answer.headers["location"], MONEY):
            must_be_escaped((await browser.get(path)).text)

    async def anew(page: str) -> str:
        """An invoice and a claim of somebody new each time."""
        number = next(numbers)
        who = a_person(f"Deltager {number}", f"d{number}@kobenhavn.example")
        await room.hear(an_extra_participant(person=who, enrolment_id=f"e{number}"))
        if "fakturaer" in page:
            await room.ring(datetime(2021, 4, 16, 6, tzinfo=UTC))
        claim, invoice = await room.pool.fetchrow(
            "SELECT id, invoice_id FROM claims WHERE enrolment_id = $1", f"e{number}"
        )
        return page.format(programme_id=PROGRAMME.id, claim_id=claim, invoice_id=invoice)

    walk = Walk(browser, kept, look)
    for page, usual in ACTS.items():

        async def one(page: str = page) -> str:
            return await anew(page)

        await walk.over(page, one, {**usual, "payment_id": "bank"} if "betaling" in page else usual, {})


async def test_whatever_is_looked_for_is_shown_as_text(money_office: Branch) -> None:
    browser = money_office.comes("finance")
    await money_office.room.hear(an_enrolment(enrolment_id="e1"))

    async def kept() -> dict[str, str]:
        return {row[0]: row[1] for row in await money_office.room.pool.fetch(WHOLE)}

    async def found(answer: httpx.Response) -> None:
        must_be_escaped(answer.text)

    walk = Walk(browser, kept, found, lambda answer: answer.is_success or answer.status_code == 303)
    for page, usual in LOOKS.items():

        async def where(page: str = page) -> str:
            return page.format(programme_id=PROGRAMME.id)

        await walk.over(page, where, usual, {})


async def test_a_fee_is_released_by_whoever_was_shown_the_page_alone(money_office: Branch) -> None:
    """The page asks for nothing; what it does not show is not sent."""
    await money_office.room.hear(an_enrolment(enrolment_id="e1"))
    await money_office.room.hear(
        ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få", some_held=True)
    )
    claim = await money_office.room.pool.fetchval("SELECT id FROM claims")
    answer = await money_office.comes("finance").post(
        f"{MONEY}/krav/{claim}/fakturer-alligevel", data={"_key": "k" * 20, "_csrf": "<x9>"}
    )
    assert answer.status_code == 403
    must_be_escaped(answer.text)
