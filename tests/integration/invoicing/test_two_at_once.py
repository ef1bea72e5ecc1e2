"""Two who change what is owed at the same moment come one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import INVOICE_RUN, Claim
from services.invoicing.domain.standing import REMIND_OVERDUE
from services.invoicing.usecases.claim_extra_participant import claim_extra_participant
from services.invoicing.usecases.claim_fees import claim_fees
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.follow_meetings import release_extra_participants
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.read_invoices import read_invoice
from services.invoicing.usecases.register_payment import register_payment
from services.invoicing.usecases.remind_overdue import remind_overdue
from services.invoicing.usecases.run_invoices import run_invoices
from services.invoicing.usecases.waive_claim import waive_claim
from services.invoicing.usecases.withdraw_fees import withdraw_fees, withdraw_fees_of_programmes
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.enrollment import EnrolmentWithdrawn, ProgrammeCancelled
from shared.contracts.invoicing import WaiveClaim
from shared.contracts.refusal import Refused
from shared.runtime.timers import Timer
from shared.storage.tx import Tx, transaction
from tests.integration.invoicing.test_claims_and_invoices import FEES_FALL_DUE, issued
from tests.integration.invoicing.test_credit_notes import credit
from tests.integration.invoicing.test_payments_and_reminders import FIRST_REMINDER, a_payment, invoiced
from tests.support.facts import (
    CONTACT,
    ENROLMENT_ID,
    LINE,
    ORGANISATION,
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    SELLER,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
)
from tests.support.meeting_point import FIRST, meet, meet_now
from tests.support.room import Room

ABOUT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
}


async def states(books: Room) -> list[str]:
    return [claim["state"] for claim in (await books.read(read_claims))["claims"]]


def waiving(tx: Tx) -> Awaitable[Answer]:
    return waive_claim(tx, WaiveClaim(claim_id=LINE.claim_id, reason="Aftalt."))


def invoicing(books: Room) -> Callable[[Tx], Awaitable[None]]:
    timer = Timer(INVOICE_RUN, "run", books.time, {"series": SELLER.series, "organiser": SELLER.cvr}, FIRST)
    return lambda tx: run_invoices(tx, [timer])


async def owed(books: Room) -> None:
    await books.hear(an_enrolment())
    books.time = FEES_FALL_DUE


async def test_a_claim_that_is_being_waived_is_not_invoiced(books: Room) -> None:
    await owed(books)
    await meet(books, waiving, invoicing(books))
    assert await states(books) == ["waived"]
    assert await issued(books) == []


async def test_a_claim_that_is_being_invoiced_can_no_longer_be_waived(books: Room) -> None:
    await owed(books)
    _, second = await meet(books, invoicing(books), waiving)
    assert isinstance(second, Refused)
    assert await states(books) == ["invoiced"]


async def test_a_place_that_is_given_again_as_it_is_given_up_is_billed(books: Room) -> None:
    await owed(books)
    given_up = books.received(EnrolmentWithdrawn(**ABOUT, contact=CONTACT, reason=""))
    again = books.received(an_enrolment())
    await meet(books, lambda tx: withdraw_fees(tx, [given_up]), lambda tx: claim_fees(tx, [again]))
    assert await states(books) == ["ready"]


async def test_what_is_owed_again_is_not_credited_between_the_look_at_it_and_the_change(
    books: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.hear(an_enrolment())
    await books.ring(FEES_FALL_DUE)
    await books.hear(EnrolmentWithdrawn(**ABOUT, contact=CONTACT, reason=""))
    assert await states(books) == ["invoiced_then_removed"]
    again, save = books.received(an_enrolment()), claims.save
    crediting: list[asyncio.Task[Answer | Refused]] = []

    async def save_when_they_have_met(tx: Tx, changed: Sequence[Claim], causes: Mapping[str, Cause]) -> None:
        assert [claim.state for claim in changed] == ["invoiced"]
        crediting.append(await meet_now(books, lambda tx: credit_invoice(tx, credit())))
        await save(tx, changed, causes)

    async with transaction(books.pool, books, books.source, FIRST, books.links) as tx:
        with monkeypatch.context() as patch:
            patch.setattr(claims, "save", save_when_they_have_met)
            await claim_fees(tx, [again])
    assert isinstance(await crediting[0], Answer)
    assert await states(books) == ["credited"]


async def test_a_programme_that_ends_takes_nothing_back_that_is_just_being_invoiced(books: Room) -> None:
    await owed(books)
    ended = books.received(ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få."))
    await meet(books, invoicing(books), lambda tx: withdraw_fees_of_programmes(tx, [ended]))
    assert await states(books) == ["invoiced_then_removed"]


async def test_whoever_is_added_as_the_meeting_is_held_is_billed(books: Room) -> None:
    """The meeting is known, so that nothing but the lock of its end makes the two wait for each other."""
    await books.hear(an_extra_participant())
    more = books.received(an_extra_participant(person=a_person("Carl Prøvesen", "carl@kobenhavn.example")))
    held = books.received(a_meeting_held())
    await meet(books, lambda tx: claim_extra_participant(tx, [more]), lambda tx: release_extra_participants(tx, [held]))
    assert await states(books) == ["ready", "ready"]


async def test_the_claims_of_a_meeting_that_is_held_are_seen_as_they_are_just_becoming(books: Room) -> None:
    await books.hear(an_extra_participant())
    (claim,) = (await books.read(read_claims))["claims"]
    held = books.received(a_meeting_held())
    await meet(
        books,
        lambda tx: waive_claim(tx, WaiveClaim(claim_id=claim["id"], reason="Aftalt.")),
        lambda tx: release_extra_participants(tx, [held]),
    )
    assert await states(books) == ["waived"]


async def test_two_payments_at_once_are_both_counted(books: Room) -> None:
    await invoiced(books)
    _, second = await meet(
        books,
        lambda tx: register_payment(tx, a_payment(amount_ore=1_000_000)),
        lambda tx: register_payment(tx, a_payment(payment_id="bank-2", amount_ore=1_000_000)),
    )
    assert isinstance(second, Answer)
    assert second.body["outstanding_ore"] == 437_500


async def test_nobody_is_reminded_of_what_is_just_being_paid(books: Room) -> None:
    await invoiced(books)
    books.time = FIRST_REMINDER
    invoice: dict[str, Any] = await books.read(read_invoice, invoice_id="N-1")
    data = {"series": "N", "due_on": invoice["due_on"], "level": 1}
    reminder = Timer(REMIND_OVERDUE, "r", books.time, data, FIRST)
    await meet(
        books,
        lambda tx: register_payment(tx, a_payment(amount_ore=2_437_500, paid_on=date(2020, 10, 1))),
        lambda tx: remind_overdue(tx, [reminder]),
    )
    assert [type(fact).__name__ for fact in await books.told()] == ["PaymentRegistered"]
