"""How a programme's money is divided, as a picture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.ledger import STANDS, TITLES, Sums, stands_named

SOME = st.integers(0, 10**12)


def sums(paid: int = 0, outstanding: int = 0, overdue: int = 0, to_come: int = 0, credited: int = 0) -> Sums:
    return Sums({}, to_come, to_come, 0, paid + outstanding + credited, credited, paid, outstanding, overdue)


def test_each_part_is_as_wide_as_its_share() -> None:
    found = sums(paid=50, outstanding=40, overdue=10, to_come=10).shares(1000)
    assert found == (("paid", 0, 500), ("outstanding", 500, 300), ("overdue", 800, 100), ("to_come", 900, 100))
    assert sums().shares(1000) == ()
    assert sums(overdue=1, outstanding=1).shares(1000) == (("overdue", 0, 1000),)


def test_what_was_paid_too_much_is_nothing_that_was_paid_of_an_invoice() -> None:
    too_much = Sums({}, 60, 60, 100, 100, 60, 100, 0, 0)
    assert too_much.shares(1000) == (("paid", 0, 400), ("to_come", 400, 600))


@given(SOME, SOME, SOME, st.integers(0, 100))
def test_the_parts_lie_beside_each_other_and_fill_the_line(paid: int, rest: int, to_come: int, late: int) -> None:
    found = sums(paid, rest, rest * late // 100, to_come).shares(1000)
    at = 0
    for _, begins, wide in found:
        assert begins == at
        assert wide > 0
        at += wide
    assert at in {0, 1000}


def test_every_standing_has_its_word() -> None:
    assert set(TITLES) == set(STANDS)
    assert stands_named("overdue") == "overdue"
    assert stands_named("nonsens") is None
