"""Which programmes go on, and where each is on its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.enrollment.domain.workspace import Current, closes_soon, course, first_day_of, goes_on

PROGRAMME = Current(
    id="p", title="Forløb", published_on=date(2020, 1, 1), starts="2020-03", ends="2020-12", deadline=date(2020, 4, 10),
    next_meeting=None, last_meeting=None, undated=0, taken=8, places=10, usual=8, holds_always=True, holds_until=None,
    costs=True, has_options=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        ({}, date(2020, 12, 31)),
        ({"last_meeting": date(2021, 2, 3)}, date(2021, 2, 3)),
        ({"ends": "2020-11-05"}, date(2020, 11, 5)),
        ({"ends": "", "deadline": date(2020, 4, 10)}, date(2020, 4, 10)),
        ({"ends": "", "deadline": None}, None),
    ],
)
def test_it_goes_on_up_to_the_last_day_that_is_known(changes: dict[str, object], last: date | None) -> None:
    one = replace(PROGRAMME, **changes)  # type: ignore[arg-type]  # fields of it
    assert one.last_day == last
    assert goes_on(one, last or date(2999, 1, 1))
    if last is not None:
        after = date.fromordinal(last.toordinal() + 1)
        assert not goes_on(one, after)
        assert goes_on(replace(one, undated=1), after), "a meeting is still to get its date"


def test_its_time_is_a_line_from_the_first_day_to_the_last() -> None:
    known = course(replace(PROGRAMME, next_meeting=date(2020, 7, 1)), date(2020, 7, 1))
    assert known.words == ("tilmelding lukket", "næste møde i dag", "slutter 31. december 2020")
    assert known.today == 182 * 1000 // 365
    assert [(one.what, one.at) for one in known.marks] == [("deadline", 100 * 1000 // 365), ("meeting", known.today)]
    assert course(PROGRAMME, date(2019, 1, 1)).today == 0
    assert course(PROGRAMME, date(2030, 1, 1)).today == 1000
    endless = course(replace(PROGRAMME, ends="", deadline=None, undated=2), date(2020, 7, 1))
    assert (endless.words, endless.today, endless.marks) == (("2 møder uden dato",), None, ())


def test_a_deadline_is_near_for_a_fortnight_and_not_when_it_is_past() -> None:
    days = [date(2020, 3, 26), date(2020, 3, 27), date(2020, 4, 10), date(2020, 4, 11)]
    assert [closes_soon(PROGRAMME, day) for day in days] == [False, True, True, False]


def test_places_are_beyond_the_usual_once_all_of_those_are_taken() -> None:
    taken = [replace(PROGRAMME, taken=count).is_beyond_usual for count in (7, 8, 10)]
    assert taken == [False, True, True]
    assert replace(PROGRAMME, usual=None, places=None).free is None


def test_a_month_begins_on_its_first_day() -> None:
    assert [first_day_of(one) for one in ("2020-03", "2020-03-17", "")] == [date(2020, 3, 1), date(2020, 3, 17), None]
