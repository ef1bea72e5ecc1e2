"""What was ordered beside the fee: claimed when it is agreed, due when it is delivered, and nothing before that."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from services.invoicing.usecases.claim_fees import claim_fees
from services.invoicing.usecases.claim_options import claim_options
from services.invoicing.usecases.correct_billing import correct_billing
from services.invoicing.usecases.explain import explain
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.release_options import release_options
from services.invoicing.usecases.waive_claim import waive_claim
from services.invoicing.usecases.withdraw_options import withdraw_options
from shared.contracts.enrollment import (
    EnrolmentLapsed,
    EnrolmentWithdrawn,
    OptionOrdered,
    ProgrammeCancelled,
    ReservationResolved,
)
from shared.contracts.event import Event
from shared.contracts.invoicing import ClaimHeldBack, CorrectBilling, WaiveClaim
from shared.storage.tx import Tx, transaction
from tests.integration.invoicing.test_claims_and_invoices import ENROLMENT, issued
from tests.support.facts import (
    BILLING,
    CONTACT,
    OWNER,
    PROGRAMME_TERMS,
    a_programme,
    an_enrolment,
    an_option_delivered,
    an_option_ordered,
    an_option_withdrawn,
)
from tests.support.meeting_point import meet
from tests.support.room import Room

THE_DAY_AFTER = datetime(2021, 2, 2, 7, tzinfo=UTC)
"""08:00 in Denmark on the day after it was delivered."""
ENDS: dict[str, Event] = {
    "withdrawn": EnrolmentWithdrawn(**ENROLMENT, contact=CONTACT),
    "lapsed": EnrolmentLapsed(**ENROLMENT, reason="forbehold_lapsed"),
    "not approved": ReservationResolved(
        **ENROLMENT, approved=False, resolved_at=datetime(2020, 9, 1, tzinfo=UTC), contact=CONTACT
    ),
    "cancelled": ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få tilmeldte."),
}


async def claims_of(books: Room) -> list[tuple[str, str]]:
    return [(claim["kind"], claim["state"]) for claim in (await books.read(read_claims))["claims"]]


async def test_it_is_claimed_when_ordered_and_invoiced_once_when_delivered(books: Room) -> None:
    await books.hear(an_option_ordered())
    assert await claims_of(books) == [("option", "waiting")]
    (claim,) = (await books.read(read_claims))["claims"]
    assert (claim["net_ore"], claim["reason"]) == (9_500_000, "Tilkøbet er ikke leveret endnu.")
    books.time = datetime(2021, 12, 1, 8, tzinfo=UTC)
    assert await books.ring() == 0

    books.time = datetime(2021, 2, 1, 12, tzinfo=UTC)
    for _ in range(2):
        await books.hear(an_option_delivered())
    assert await claims_of(books) == [("option", "ready")]
    assert await books.ring(THE_DAY_AFTER.replace(hour=6, minute=59)) == 0
    assert await books.ring(THE_DAY_AFTER) == 1
    (invoice,) = await issued(books)
    assert (invoice.net_ore, invoice.vat_ore, invoice.gross_ore) == (9_500_000, 2_375_000, 11_875_000)
    (line,) = invoice.lines
    assert (line.text, line.delivered_on) == ("Sagsgennemgang af 25 sager", date(2021, 2, 1))
    assert (invoice.billing, invoice.contact) == (BILLING, CONTACT)
    await books.hear(an_option_delivered())
    assert await books.ring() == 0


async def test_the_terms_are_those_that_were_agreed_whatever_is_told_later(books: Room) -> None:
    await books.hear(an_option_ordered())
    later = a_programme(version=2)
    await books.hear(an_option_ordered(programme=later, price_ore=1, vat_percent=0, text="Andet"))
    await books.hear(an_option_delivered(programme=later, price_ore=1, vat_percent=0))
    await books.ring(THE_DAY_AFTER)
    (invoice,) = await issued(books)
    assert (invoice.programme.version, invoice.net_ore, invoice.lines[0].vat_percent) == (1, 9_500_000, 25)


async def test_nothing_is_owed_for_what_nobody_ordered_or_what_costs_nothing(books: Room) -> None:
    await books.hear(an_option_delivered())
    await books.hear(an_option_ordered(option_id="gratis", price_ore=0), an_option_ordered(option_id="x", price_ore=-1))
    await books.hear(an_option_delivered(option_id="gratis", price_ore=0))
    assert await claims_of(books) == []


async def test_what_is_taken_back_is_not_owed_and_a_new_round_is(books: Room) -> None:
    await books.hear(an_option_ordered(), an_option_withdrawn())
    assert await claims_of(books) == [("option", "withdrawn")]
    await books.hear(an_option_ordered(round=2, price_ore=9_900_000), an_option_delivered(round=2))
    assert sorted(await claims_of(books)) == [("option", "ready"), ("option", "withdrawn")]
    await books.ring(THE_DAY_AFTER)
    assert [invoice.net_ore for invoice in await issued(books)] == [9_900_000]


@pytest.mark.parametrize("how", ENDS)
async def test_an_enrolment_that_ends_takes_what_is_not_delivered_with_it(books: Room, how: str) -> None:
    """Also of another system, which tells no OptionWithdrawn."""
    await books.hear(an_enrolment(), an_option_ordered(), an_option_ordered(option_id="analyse"))
    await books.hear(an_option_delivered())
    await books.hear(ENDS[how])
    assert sorted(await claims_of(books)) == [("fee", "withdrawn"), ("option", "ready"), ("option", "withdrawn")]
    await books.ring(THE_DAY_AFTER)
    (invoice,) = await issued(books)
    assert invoice.lines[0].text == "Sagsgennemgang af 25 sager"


ORDER, OFF, DONE = an_option_ordered(), an_option_withdrawn(), an_option_delivered()


@pytest.mark.parametrize(
    ("told", "state"), [((ORDER, DONE), "invoiced"), ((ORDER, OFF), "withdrawn"), ((ORDER,), "withdrawn")]
)
@pytest.mark.parametrize("at", range(3))
async def test_the_end_of_the_programme_is_heard_at_any_time(
    books: Room, told: tuple[Event, ...], state: str, at: int
) -> None:
    """It is told of another subject, so that it comes before, between or after what is told of the enrolment."""
    heard = [*told[:at], ENDS["cancelled"], *told[at:]]
    for one in heard:
        await books.hear(one)
    await books.ring(THE_DAY_AFTER)
    assert await claims_of(books) == [("option", state)]


async def test_a_whole_batch_ends_as_one_after_the_other(books: Room) -> None:
    facts = [
        one
        for option, price in itertools.product(("a", "b", "c"), (100, 200))
        for one in (
            an_option_ordered(option_id=f"{option}{price}", price_ore=price),
            an_option_withdrawn(option_id=f"{option}{price}")
            if option == "c"
            else an_option_delivered(option_id=f"{option}{price}"),
        )
    ]
    await books.hear(*facts)
    assert sorted(await claims_of(books)) == [("option", "ready")] * 4 + [("option", "withdrawn")] * 2


async def test_an_order_that_names_nobody_waits_for_staff_to_say_who_is_billed(books: Room) -> None:
    """As another system told it before we did: with the text and the price alone."""
    bare = OptionOrdered(**ENROLMENT, option_id="sagsgennemgang", text="Gennemgang", price_ore=100, vat_percent=25)
    await books.hear(bare, an_option_delivered())
    assert [type(one) for one in await books.told()] == [ClaimHeldBack]
    assert await claims_of(books) == [("option", "waiting")]
    await books.ask(correct_billing, CorrectBilling(enrolment_id=bare.enrolment_id, billing=BILLING))
    assert await claims_of(books) == [("option", "ready")]


async def test_why_says_what_it_is_and_who_ordered_it(books: Room) -> None:
    await books.hear(an_option_ordered(), an_option_delivered())
    (claim,) = (await books.read(read_claims))["claims"]
    async with transaction(books.pool, books, books.source, books.cause) as tx:
        found = await explain(tx, claim["id"])
    assert found is not None
    assert found.title == "Sagsgennemgang af 25 sager (Københavns Kommune): klar til fakturering"
    await books.ask(waive_claim, WaiveClaim(claim_id=claim["id"], reason="Aftalt."))
    await books.ring(THE_DAY_AFTER)
    assert await issued(books) == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("state = 'ready', due_at = now()", "an_option_is_due_when_delivered"),
        ("kind = 'fee', delivered_on = '2021-02-01'", "only_an_option_is_delivered"),
        ("kind = 'gift'", "claims_kind_check"),
    ],
)
async def test_what_cannot_be_is_not_stored(books: Room, change: str, broken: str) -> None:
    await books.hear(an_option_ordered())
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await books.pool.execute(f"UPDATE claims SET {change}")
    assert error.value.constraint_name == broken


async def test_two_who_tell_of_it_at_the_same_moment_come_one_after_the_other(books: Room) -> None:
    await books.hear(an_option_ordered())
    done, off = books.received(DONE), books.received(OFF)
    deliver: Callable[[Tx], Awaitable[None]] = lambda tx: release_options(tx, [done])  # noqa: E731
    take_back: Callable[[Tx], Awaitable[None]] = lambda tx: withdraw_options(tx, [off])  # noqa: E731
    await meet(books, take_back, deliver)
    assert await claims_of(books) == [("option", "withdrawn")]


async def test_a_fee_and_an_option_of_one_name_are_two_claims(books: Room) -> None:
    values: dict[str, Any] = {"option_id": "gebyr"}
    enrolled, ordered = books.received(an_enrolment()), books.received(an_option_ordered(**values))
    await meet(books, lambda tx: claim_fees(tx, [enrolled]), lambda tx: claim_options(tx, [ordered]))
    assert sorted(kind for kind, _ in await claims_of(books)) == ["fee", "option"]
