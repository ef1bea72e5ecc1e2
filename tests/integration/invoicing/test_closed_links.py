"""Links that were closed lead to no invoice any more: neither the way that a page gave, nor a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import asyncpg
import pytest

from shared.base.passes import Reader, pass_path
from shared.contracts.enrollment import LinksRevoked, OwnLinksRevoked
from shared.contracts.invoicing import InvoiceIssued, InvoiceOverdue
from shared.contracts.parties import Person
from tests.support.facts import CONTACT, PROGRAMME, a_person, a_role, an_appointment, an_enrolment
from tests.support.invoicing_web import CountingHouse

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
OVERDUE = datetime(2020, 10, 2, 6, tzinfo=UTC)
ENROLMENT = an_enrolment()
BO = a_person("Bo Prøvesen", "bo@kobenhavn.example")
ABOUT = {
    "owner": ENROLMENT.owner,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT.enrolment_id,
    "organisation": ENROLMENT.organisation,
}


def of_the_contact(generation: int) -> LinksRevoked:
    return LinksRevoked(**ABOUT, contact=CONTACT, generation=generation, standing_path="/plads/nyt")


def of_somebody(
    person: Person, generation: int, billing_path: str | None = "/fakturaoplysninger/nyt"
) -> OwnLinksRevoked:
    return OwnLinksRevoked(**ABOUT, person=person, generation=generation, billing_path=billing_path)


def way(house: CountingHouse, generation: int = 0) -> str:
    """As the page of a link of this generation gives it; a version before gave none but of the first."""
    reader = Reader("contact", ENROLMENT.enrolment_id, CONTACT.person_id, generation)
    return pass_path(house.books.links, "invoices", reader, house.books.time)


async def statuses(house: CountingHouse, *paths: str) -> list[int]:
    await house.move_clock()
    return [(await house.client.get(path)).status_code for path in paths]


async def told(house: CountingHouse) -> InvoiceIssued | InvoiceOverdue:
    (fact,) = await house.books.told()
    assert isinstance(fact, InvoiceIssued | InvoiceOverdue)
    return fact


def mailed(fact: InvoiceIssued | InvoiceOverdue, person_id: str) -> str:
    return next(one.path for one in fact.document_links if one.person_id == person_id)


async def test_the_page_and_every_file_are_closed_to_whoever_came_by_closed_links(
    counting_house: CountingHouse,
) -> None:
    await counting_house.books.hear(ENROLMENT)
    await counting_house.books.ring(FEES_FALL_DUE)
    before, after = way(counting_house), way(counting_house, 1)
    every = ["", "/N-1.pdf", "/N-1.xml"]
    assert await statuses(counting_house, *(before + one for one in every)) == [200, 200, 200]
    await counting_house.books.hear(of_the_contact(1))
    assert await statuses(counting_house, *(before + one for one in every)) == [404, 404, 404]
    assert "Linket virker ikke" in (await counting_house.client.get(before)).text
    assert await statuses(counting_house, *(after + one for one in every)) == [200, 200, 200]
    # What the page itself leads to is of its own generation.
    page = await counting_house.client.get(after)
    token = page.text.partition("/invoicing/jeres-fakturaer/")[2].partition("/")[0]
    await counting_house.books.hear(of_the_contact(2))
    assert await statuses(counting_house, f"/invoicing/jeres-fakturaer/{token}/N-1.pdf", way(counting_house, 2)) == [
        404,
        200,
    ]


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))), ids=str)
async def test_closings_hold_in_whichever_order_they_are_heard_and_as_often(
    counting_house: CountingHouse, order: tuple[int, ...]
) -> None:
    facts = [of_the_contact(1), of_the_contact(2), ENROLMENT]
    await counting_house.books.hear(*(facts[one] for one in order))
    for one in order:
        await counting_house.books.hear(facts[one])
    ways = [way(counting_house, generation) for generation in (0, 1, 2, 3)]
    assert await statuses(counting_house, *ways) == [404, 404, 200, 200]


async def test_nobody_is_let_in_to_an_empty_list_by_closed_links_either(counting_house: CountingHouse) -> None:
    """The closing is heard before anything else of the enrolment is."""
    await counting_house.books.hear(of_the_contact(1))
    assert await statuses(counting_house, way(counting_house), way(counting_house, 1)) == [404, 200]


async def test_what_the_contact_was_mailed_of_documents_is_closed_and_what_is_mailed_since_is_not(
    counting_house: CountingHouse,
) -> None:
    books = counting_house.books
    await books.hear(ENROLMENT, a_role(person=BO))
    await books.ring(FEES_FALL_DUE)
    issued = await told(counting_house)
    old, of_bo = mailed(issued, CONTACT.person_id), mailed(issued, BO.person_id)
    assert await statuses(counting_house, old, of_bo) == [200, 200]
    await books.hear(of_the_contact(1))
    assert await statuses(counting_house, old, of_bo) == [410, 200]
    page = (await counting_house.client.get(old)).text
    assert "Linket er lukket" in page
    assert "moeder@forening.example" in page
    assert CONTACT.name not in page
    await books.ring(OVERDUE)
    new = mailed(await told(counting_house), CONTACT.person_id)
    assert new != old
    assert await statuses(counting_house, old, new) == [410, 200]
    # Another contact, and the first again: what was closed stays so.
    await books.hear(an_appointment(contact=CONTACT))
    assert await statuses(counting_house, old, new) == [410, 200]


async def test_of_whoever_holds_the_billing_role_staff_close_what_was_mailed(counting_house: CountingHouse) -> None:
    books = counting_house.books
    await books.hear(ENROLMENT, a_role(person=BO))
    await books.ring(FEES_FALL_DUE)
    issued = await told(counting_house)
    old, of_contact = mailed(issued, BO.person_id), mailed(issued, CONTACT.person_id)
    # Nobody who does not hold the role has links to an invoice: of a contact who takes part, say, these are not closed.
    await books.hear(of_somebody(Person(**CONTACT.model_dump(exclude={"role"})), 1, billing_path=None))
    assert await statuses(counting_house, old, of_contact, way(counting_house)) == [200, 200, 200]
    await books.hear(of_somebody(BO, 1))
    assert await statuses(counting_house, old, of_contact) == [410, 200]
    await books.ring(OVERDUE)
    new = mailed(await told(counting_house), BO.person_id)
    assert await statuses(counting_house, new) == [200]
    await books.hear(of_somebody(BO, 2), of_somebody(BO, 1))
    assert await statuses(counting_house, new) == [410]


async def test_no_number_that_may_be_told_stops_the_run_of_invoices(counting_house: CountingHouse) -> None:
    most = 2**31 - 1
    person = Person(**CONTACT.model_dump(exclude={"role"}))
    await counting_house.books.hear(ENROLMENT, of_the_contact(most), of_somebody(person, most))
    await counting_house.books.ring(FEES_FALL_DUE)
    assert isinstance(await told(counting_house), InvoiceIssued)


async def test_whoever_was_the_contact_when_theirs_were_closed_finds_them_closed_when_they_are_again(
    counting_house: CountingHouse,
) -> None:
    await counting_house.books.hear(ENROLMENT)
    await counting_house.books.ring(FEES_FALL_DUE)
    old = mailed(await told(counting_house), CONTACT.person_id)
    person = Person(**CONTACT.model_dump(exclude={"role"}))
    closing = of_somebody(person, 1, billing_path=None).model_copy(update={"contact_generation": 1})
    await counting_house.books.hear(closing, an_appointment(contact=CONTACT))
    assert await statuses(counting_house, old, way(counting_house), way(counting_house, 1)) == [410, 404, 200]


async def test_a_closing_of_nobody_cannot_be_stored(counting_house: CountingHouse) -> None:
    for row in ("('', 'p', 1, 0)", "('e', '', 1, 0)", "('e', 'p', -1, 0)", "('e', 'p', 0, -1)"):
        with pytest.raises(asyncpg.CheckViolationError):
            await counting_house.books.pool.execute(f"INSERT INTO closed_links VALUES {row}")
