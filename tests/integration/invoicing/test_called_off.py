"""A programme is called off: nobody owes what was not held, and of a fee of which something was a person decides."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from services.invoicing.usecases.credit_fees import credit_fees
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.release_claim import release_claim
from services.invoicing.usecases.waive_claim import waive_claim
from shared.contracts.enrollment import ProgrammeCancelled
from shared.contracts.event import Event
from shared.contracts.invoicing import (
    ClaimHeldBack,
    CreditInvoice,
    CreditNoteIssued,
    InvoiceIssued,
    LineToCredit,
    ReleaseClaim,
    WaiveClaim,
)
from shared.contracts.programme import ProgrammeRef
from shared.runtime.timers import Timer
from tests.integration.invoicing.test_claims_and_invoices import cancelled, states
from tests.support.facts import (
    FEE,
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting,
    a_meeting_held,
    a_person,
    a_programme,
    an_enrolment,
    an_extra_participant,
    an_option_delivered,
    an_option_ordered,
)
from tests.support.meeting_point import meet
from tests.support.room import BY_HAND, Room

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
LATER = datetime(2021, 4, 17, 6, tzinfo=UTC)


def ended(programme: ProgrammeRef = PROGRAMME, *, some_held: bool | None) -> ProgrammeCancelled:
    terms = PROGRAMME_TERMS.model_copy(update={"ref": programme})
    return ProgrammeCancelled(owner=OWNER, terms=terms, reason="For få tilmeldte.", some_held=some_held)


async def credited(books: Room) -> list[CreditNoteIssued]:
    return [one for one in await books.told() if isinstance(one, CreditNoteIssued)]


async def claim_ids(books: Room, **query: str) -> list[str]:
    return [one["id"] for one in (await books.read(read_claims, **query))["claims"]]


async def test_an_invoiced_fee_of_which_nothing_was_held_is_credited_once(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    for _ in range(2):
        await books.hear(ended(some_held=False))
        await books.ring()
    (note,) = await credited(books)
    assert (note.invoice_id, note.net_ore, note.outstanding_ore) == ("N-1", FEE.amount_ore, 0)
    assert note.reason == "Forløbet er aflyst."
    assert await states(books) == ["credited"]


async def test_what_was_credited_before_is_not_credited_again(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    (claim,) = await claim_ids(books)
    part = LineToCredit(claim_id=claim, net_ore=450_000)
    await books.ask(credit_invoice, CreditInvoice(invoice_id="N-1", credit_id="k1", reason="Rabat.", lines=(part,)))
    await books.hear(ended(some_held=False))
    await books.ring()
    assert [one.net_ore for one in await credited(books)] == [450_000, FEE.amount_ore - 450_000]


async def test_what_was_delivered_is_billed_and_nobody_knows_says_no_more_than_before(books: Room) -> None:
    await books.hear(an_enrolment(), an_option_ordered(), an_option_delivered())
    await books.ring(FEES_FALL_DUE)
    await books.hear(ended(some_held=None))
    await books.ring()
    assert await credited(books) == []
    assert sorted(await states(books)) == ["invoiced_then_removed", "ready"]


async def test_a_fee_of_which_something_was_held_waits_until_staff_have_decided(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.hear(ended(some_held=True))
    (told,) = await books.told()
    assert isinstance(told, ClaimHeldBack)
    assert "afgør, om gebyret skal faktureres" in told.finding
    await books.ring(FEES_FALL_DUE)
    assert await states(books) == ["waiting"]
    (claim,) = await claim_ids(books)
    for _ in range(2):
        await books.ask(release_claim, ReleaseClaim(claim_id=claim))
    await books.ring()
    assert [type(one) for one in await books.told()] == [InvoiceIssued]
    assert await states(books) == ["invoiced"]
    assert (await books.refusal(release_claim, ReleaseClaim(claim_id="x"))).code == "unknown_claim"


async def test_staff_decide_that_it_is_not_billed_or_that_an_invoice_is_credited(books: Room) -> None:
    await books.hear(an_enrolment(enrolment_id="e1"), an_enrolment(enrolment_id="e2"))
    await books.hear(ended(some_held=True))
    first, second = await claim_ids(books)
    await books.ask(waive_claim, WaiveClaim(claim_id=first, reason="Kun ét møde blev holdt."))
    assert (await books.refusal(release_claim, ReleaseClaim(claim_id=first))).code == "claim_waived"
    await books.ask(release_claim, ReleaseClaim(claim_id=second))
    await books.ring(FEES_FALL_DUE)
    assert sorted(await states(books)) == ["invoiced", "waived"]


async def test_one_that_comes_late_is_asked_about_when_it_falls_due(books: Room) -> None:
    await books.hear(ended(some_held=True))
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    assert [type(one) for one in await books.told()] == [ClaimHeldBack]
    assert await states(books) == ["waiting"]


async def test_an_invoiced_one_is_listed_and_can_stand(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.hear(ended(some_held=True))
    await books.ring()
    told = await books.told()
    assert [type(one) for one in told] == [InvoiceIssued, ClaimHeldBack]
    (claim,) = await claim_ids(books, state="invoiced_then_removed")
    await books.ask(release_claim, ReleaseClaim(claim_id=claim))
    assert await states(books) == ["invoiced"]


async def test_staff_who_credit_it_at_the_same_moment_do_it_instead(books: Room) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.hear(ended(some_held=False))
    wish = CreditInvoice(invoice_id="N-1", credit_id="k1", reason="Aflyst.")
    timer = Timer("fees_to_credit", "N-1", books.time, {"programme_id": PROGRAMME.id}, BY_HAND)
    await meet(books, lambda tx: credit_invoice(tx, wish), lambda tx: credit_fees(tx, [timer]))
    assert [one.reason for one in await credited(books)] == ["Aflyst."]


@pytest.mark.parametrize("some_held", [True, False])
async def test_any_interleaving_ends_in_the_same_sums(books: Room, *, some_held: bool) -> None:
    """Enrolments, an extra participant, the meeting and the programme's end, woven; invoices go out at any moment."""
    chance = random.Random(20201102)  # noqa: S311  (an order of tests, not a secret)
    expected = {}
    for round_ in range(20):
        programme, meeting, enrolment = a_programme(f"p{round_}"), a_meeting(f"m{round_}"), f"e{round_}"
        common: dict[str, Any] = {"enrolment_id": enrolment, "programme": programme}
        held = some_held and chance.random() < 0.5
        streams: list[list[Event | None]] = [
            [an_enrolment(**common)],
            [an_extra_participant(meeting=meeting, person=a_person("Bo Prøvesen"), **common)],
            [an_option_ordered(**common), an_option_delivered(**common)],
            [a_meeting_held(meeting) if held else cancelled(meeting)],
            [ended(programme, some_held=some_held)],
            [None],
        ]
        while queues := [stream for stream in streams if stream]:
            fact = chance.choice(queues).pop(0)
            await (books.ring(LATER) if fact is None else books.hear(fact))
        expected[enrolment] = (100_000 if held else 0) + an_option_ordered().price_ore
    await books.ring(LATER)
    told = await books.told()
    asked = {one.enrolment_id for one in told if isinstance(one, ClaimHeldBack)}
    assert asked == (set(expected) if some_held else set())
    fees = await books.pool.fetch("SELECT id, enrolment_id, state FROM claims WHERE kind = 'fee'")
    assert {row["state"] for row in fees} <= (
        {"waiting", "invoiced_then_removed"} if some_held else {"withdrawn", "credited"}
    )
    assert len([one for one in told if isinstance(one, ClaimHeldBack)]) == len(asked)

    # Once staff have decided it is billed whenever it was heard of.
    for row in fees if some_held else []:
        await books.ask(release_claim, ReleaseClaim(claim_id=row["id"]))
    await books.ring(LATER)
    told += await books.told()
    billed = dict.fromkeys(expected, 0)
    for one in told:
        if isinstance(one, InvoiceIssued):
            billed[one.invoice.enrolment_id] += one.invoice.net_ore
        elif isinstance(one, CreditNoteIssued) and one.invoice is not None:
            billed[one.invoice.enrolment_id] -= one.net_ore
    assert billed == {one: ore + (FEE.amount_ore if some_held else 0) for one, ore in expected.items()}


async def test_whoever_came_to_what_was_held_and_is_entered_afterwards_is_billed(books: Room) -> None:
    await books.hear(an_enrolment(fees=()), a_meeting_held())
    await books.hear(ended(some_held=True), an_extra_participant(walked_in=True))
    await books.ring(LATER)
    (issued,) = [one for one in await books.told() if isinstance(one, InvoiceIssued)]
    assert [line.net_ore for line in issued.invoice.lines] == [100_000]
