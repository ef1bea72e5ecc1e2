"""Money that comes in, and what is told when it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.invoicing.usecases.read_invoices import read_invoice
from services.invoicing.usecases.register_payment import register_payment
from shared.contracts.invoicing import InvoiceIssued, InvoiceOverdue, PaymentRegistered, RegisterPayment
from tests.support.facts import an_enrolment, an_organisation
from tests.support.room import Room

FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
FIRST_REMINDER = datetime(2020, 10, 2, 6, tzinfo=UTC)


def a_payment(**changes: object) -> RegisterPayment:
    values = {"invoice_id": "N-1", "payment_id": "bank-1", "amount_ore": 437_500, "paid_on": date(2020, 9, 1)}
    return RegisterPayment(**(values | changes))  # type: ignore[arg-type]  # a test names what matters


async def invoiced(books: Room, count: int = 1) -> None:
    await books.hear(
        *(an_enrolment(enrolment_id=f"e{n}", organisation=an_organisation(f"{n:04}")) for n in range(count))
    )
    await books.ring(FEES_FALL_DUE)
    assert [type(fact) for fact in await books.told()] == [InvoiceIssued] * count


async def test_a_payment_is_told_with_what_is_left_and_the_same_one_again_is_one_payment(books: Room) -> None:
    await invoiced(books)
    first = await books.ask(register_payment, a_payment())
    assert (
        await books.ask(register_payment, a_payment()) == first == {"invoice_id": "N-1", "outstanding_ore": 2_000_000}
    )
    (told,) = await books.told()
    assert isinstance(told, PaymentRegistered)
    assert (told.amount_ore, told.outstanding_ore) == (437_500, 2_000_000)

    await books.ask(register_payment, a_payment(payment_id="bank-2", amount_ore=2_000_000))
    shown = await books.read(read_invoice, invoice_id="N-1")
    assert (shown["paid_ore"], shown["outstanding_ore"]) == (2_437_500, 0)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount_ore": 0}, "not_positive", "amount_ore"),
        ({"amount_ore": -1}, "not_positive", "amount_ore"),
        ({"paid_on": date(2021, 9, 1)}, "day_far_ahead", "paid_on"),
        ({"invoice_id": "N-2"}, "unknown_invoice", "invoice_id"),
        ({"payment_id": " "}, "required", "payment_id"),
        ({"payment_id": "bank-0", "amount_ore": 1}, "payment_differs", "payment_id"),
    ],
)
async def test_a_payment_that_cannot_be_is_refused_with_the_field_that_is_wrong(
    books: Room, changes: dict[str, object], code: str, field: str
) -> None:
    await invoiced(books)
    await books.ask(register_payment, a_payment(payment_id="bank-0"))
    refused = await books.refusal(register_payment, a_payment(**changes))
    assert (refused.code, refused.field) == (code, field)


async def test_an_unpaid_invoice_is_told_of_three_times_ten_days_apart_and_then_no_more(books: Room) -> None:
    await invoiced(books)
    assert await books.ring(FIRST_REMINDER - timedelta(seconds=1)) == 0
    levels = []
    for day in range(60):
        await books.ring(FIRST_REMINDER + timedelta(days=day))
        levels += [
            (day, fact.level, fact.outstanding_ore) for fact in await books.told() if isinstance(fact, InvoiceOverdue)
        ]
    assert levels == [(0, 1, 2_437_500), (10, 2, 2_437_500), (20, 3, 2_437_500)]


async def test_only_what_is_not_paid_in_full_is_told_of_and_what_was_paid_meanwhile_is_not_told_of_again(
    books: Room,
) -> None:
    await invoiced(books, 3)
    await books.ask(register_payment, a_payment(invoice_id="N-1", payment_id="a", amount_ore=2_437_500))
    await books.ask(register_payment, a_payment(invoice_id="N-2", payment_id="b", amount_ore=437_500))
    await books.told()

    await books.ring(FIRST_REMINDER)
    first = [fact for fact in await books.told() if isinstance(fact, InvoiceOverdue)]
    assert [(fact.invoice_id, fact.outstanding_ore) for fact in first] == [("N-2", 2_000_000), ("N-3", 2_437_500)]

    books.time = FIRST_REMINDER + timedelta(days=3)
    await books.ask(register_payment, a_payment(invoice_id="N-3", payment_id="c", amount_ore=2_437_500))
    await books.told()
    await books.ring(FIRST_REMINDER + timedelta(days=10))
    second = [fact for fact in await books.told() if isinstance(fact, InvoiceOverdue)]
    assert [(fact.invoice_id, fact.level) for fact in second] == [("N-2", 2)]


async def test_after_a_long_stop_reminders_are_still_ten_days_apart(books: Room) -> None:
    await invoiced(books)
    late = FIRST_REMINDER + timedelta(days=25)
    await books.ring(late)
    assert [fact.level for fact in await books.told() if isinstance(fact, InvoiceOverdue)] == [1]
    await books.ring(late + timedelta(days=9))
    assert await books.told() == []
    await books.ring(late + timedelta(days=10, hours=1))
    assert [fact.level for fact in await books.told() if isinstance(fact, InvoiceOverdue)] == [2]
