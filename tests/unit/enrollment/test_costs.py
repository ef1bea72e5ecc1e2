"""What a municipality comes to pay: every line is something agreed, and the sum is that of the lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from services.enrollment.domain.costs import costs, is_free, total
from services.enrollment.domain.enrolment import Agreed
from tests.unit.enrollment.test_awaited import NO_FEE, PLAIN, meeting, ordered, quoted


def lines(*, left_late: dict[str, int] | None = None, **changes: object) -> list[tuple[str, str, int]]:
    so = replace(PLAIN, **changes)  # type: ignore[arg-type]  # as its fields are
    found = costs(so.enrolment, so.programme, so.options, so.rosters, left_late or {})
    return [(one.what, one.why, one.net_ore) for one in found]


FEE = ("Gebyr", "Faktureres tirsdag den 1. september 2020", 1_950_000)


def test_an_order_counts_from_its_yes_and_a_quote_does_not() -> None:
    assert lines(options=(quoted(PLAIN, "2020-08-24"),)) == [FEE]
    yes = ordered(PLAIN, None)
    assert lines(options=(yes,)) == [FEE, ("Analyse", "Bestilt", 6_000_000)]
    assert yes.order is not None
    done = replace(yes, order=replace(yes.order, state="delivered", delivered_on=date(2020, 8, 3)))
    assert lines(options=(done,))[1] == ("Analyse", "Leveret mandag den 3. august 2020", 6_000_000)


def test_extras_count_by_meeting_with_those_who_left_too_late_and_none_of_a_meeting_that_is_called_off() -> None:
    two = meeting(PLAIN, "2020-10-01", "a", "b", "c", "d", "e")
    assert lines(rosters=(two, meeting(PLAIN, "2020-11-01", "a", key="m2"))) == [
        FEE,
        ("Møde m1", "2 ekstra deltagere × 1.000,00 kr.", 200_000),
    ]
    late = lines(rosters=(two,), left_late={two.id: 1})
    assert late[1] == ("Møde m1", "3 ekstra deltagere × 1.000,00 kr., heraf 1 afmeldt for sent", 300_000)
    assert lines(rosters=(replace(two, meeting_state="cancelled"),), left_late={two.id: 1}) == [FEE]


def test_who_came_before_the_place_came_by_another_agreement() -> None:
    since = replace(PLAIN.enrolment, enrolled_at=datetime(2020, 8, 11, tzinfo=UTC))
    later = replace(PLAIN, enrolment=since)
    assert lines(enrolment=since, rosters=(meeting(later, "2020-10-01", "a", "b", "c", "d"),)) == [FEE]


def test_of_whoever_has_no_place_or_a_programme_that_is_called_off_only_the_invoices_know() -> None:
    assert lines(enrolment=replace(PLAIN.enrolment, state="withdrawn")) == []
    assert lines(programme=replace(PLAIN.programme, open=False)) == []


def test_the_sum_is_that_of_the_lines_whatever_moms_each_has() -> None:
    found = costs(PLAIN.enrolment, PLAIN.programme, (ordered(PLAIN, None),), (), {})
    free_of_moms = replace(found[1], vat_percent=0)
    assert total((found[0], free_of_moms)) == "79.500,00 kr. ekskl. moms (84.375,00 kr. inkl. moms)"


def test_it_is_free_where_nothing_can_cost_anything() -> None:
    nothing = replace(PLAIN.enrolment, agreed=Agreed())
    assert is_free(nothing, (), billed=False)
    assert not is_free(nothing, (), billed=True)
    assert not is_free(PLAIN.enrolment, (), billed=False)
    assert not is_free(NO_FEE.enrolment, (), billed=False), "one more than included costs something"
    assert not is_free(nothing, (ordered(PLAIN, None),), billed=False)
