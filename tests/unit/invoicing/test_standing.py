"""What becomes of an issued invoice: money comes in, and it is told when it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.invoicing.domain.standing import (
    ORDERED_AHEAD,
    REMIND_OVERDUE,
    REMINDERS,
    Standing,
    first_reminder,
    first_reminder_at,
    next_reminder_at,
    pay,
    remind,
    what_stays,
)
from shared.contracts.decision import Alarm, Decision
from shared.contracts.invoicing import InvoiceOverdue, PaymentRegistered, RegisterPayment
from shared.contracts.refusal import Refused
from tests.support.facts import INVOICE

OWNER = "/tovholder/invoicing"
TODAY = date(2020, 10, 2)
UNPAID = Standing(INVOICE)


def a_payment(**changes: object) -> RegisterPayment:
    values = {"invoice_id": INVOICE.id, "payment_id": "bank-1", "amount_ore": 437_500, "paid_on": TODAY}
    return RegisterPayment(**(values | changes))  # type: ignore[arg-type]  # a test names what matters


def test_a_payment_is_told_with_what_is_left_which_may_be_less_than_nothing() -> None:
    decided = pay(UNPAID, None, a_payment(amount_ore=INVOICE.gross_ore + 1), TODAY, OWNER)
    (fact,) = decided.facts
    assert isinstance(fact, PaymentRegistered)
    assert fact.outstanding_ore == decided.after.outstanding_ore == -1
    assert decided.alarms == ()


def test_the_same_payment_again_changes_nothing_and_another_one_by_its_name_is_refused() -> None:
    paid = pay(UNPAID, None, a_payment(), TODAY, OWNER).after
    assert pay(paid, a_payment(), a_payment(), TODAY, OWNER) == Decision(paid)
    with pytest.raises(Refused, match="payment_differs"):
        pay(paid, a_payment(), a_payment(amount_ore=1), TODAY, OWNER)


@pytest.mark.parametrize(
    ("standing", "changes", "code", "field"),
    [
        (None, {"payment_id": " ", "amount_ore": 0}, "required", "payment_id"),
        (None, {"amount_ore": 0}, "not_positive", "amount_ore"),
        (None, {"paid_on": TODAY + ORDERED_AHEAD + timedelta(days=1)}, "day_far_ahead", "paid_on"),
        (None, {"paid_on": TODAY + ORDERED_AHEAD}, "unknown_invoice", "invoice_id"),
    ],
)
def test_what_is_wrong_with_a_payment_is_said_before_the_invoice_is_asked_for(
    standing: Standing | None, changes: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(Refused) as refused:
        pay(standing, None, a_payment(**changes), TODAY, OWNER)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_an_unpaid_invoice_is_reminded_of_at_each_level_once_and_rings_for_the_next() -> None:
    standing = UNPAID
    for level in range(1, REMINDERS + 1):
        decided = remind(standing, level, TODAY, OWNER, "/f")
        (fact,) = decided.facts
        assert isinstance(fact, InvoiceOverdue)
        assert (fact.level, fact.outstanding_ore, decided.after.reminders) == (level, INVOICE.gross_ore, level)
        assert remind(decided.after, level, TODAY, OWNER, "/f") == Decision(decided.after)
        standing = decided.after
        assert [alarm.key for alarm in decided.alarms] == [f"N/2020-10-01/{level + 1}"] * (level < REMINDERS)


@pytest.mark.parametrize("paid", [{"paid_ore": INVOICE.gross_ore}, {"credited_ore": INVOICE.gross_ore + 1}])
def test_nobody_is_reminded_of_what_is_paid_or_credited(paid: dict[str, int]) -> None:
    settled = Standing(INVOICE, **paid)
    assert remind(settled, 1, TODAY, OWNER, "/f") == Decision(settled)


def test_reminders_come_the_morning_after_the_due_day_and_then_ten_days_apart() -> None:
    assert first_reminder_at(date(2020, 10, 24)) == datetime(2020, 10, 25, 7, tzinfo=UTC)
    assert next_reminder_at(date(2020, 10, 25)) == datetime(2020, 11, 4, 7, tzinfo=UTC)


def test_invoices_of_a_series_that_fall_due_on_one_day_share_one_reminder() -> None:
    alarm = first_reminder("N", date(2020, 10, 1))
    data = {"series": "N", "due_on": "2020-10-01", "level": 1}
    assert alarm == Alarm(REMIND_OVERDUE, "N/2020-10-01/1", datetime(2020, 10, 2, 6, tzinfo=UTC), data)


@pytest.mark.parametrize(
    ("invoices", "credit_notes", "begins"),
    [
        (1, 0, "Én faktura, som personen står på eller har fået, bliver"),
        (2, 1, "2 fakturaer og én kreditnota, som"),
        (1, 3, "Én faktura og 3 kreditnotaer, som"),
    ],
)
def test_what_stays_of_somebody_is_counted_and_has_its_reason(invoices: int, credit_notes: int, begins: str) -> None:
    (said,) = what_stays(invoices, credit_notes)
    assert said.startswith(begins)
    assert "bogføringsloven" in said


def test_of_whoever_stands_on_no_invoice_none_stays() -> None:
    assert what_stays(0, 0) == []
