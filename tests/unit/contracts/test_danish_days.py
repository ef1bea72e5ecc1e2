"""Days on which people in Denmark are away."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from dateutil import easter as another

from shared.contracts.danish_days import (
    closed,
    easter,
    holiday,
    holidays,
    said_of,
    said_of_days,
    school_holiday,
)


def test_easter_is_where_another_program_finds_it() -> None:
    assert [easter(year) for year in range(1900, 3000)] == [another.easter(year) for year in range(1900, 3000)]


def test_the_holidays_of_a_year_are_those_of_the_calendar() -> None:
    """As the almanac of 2021 has them."""
    assert dict(holidays(2021)) == {
        date(2021, 1, 1): "nytårsdag",
        date(2021, 4, 1): "skærtorsdag",
        date(2021, 4, 2): "langfredag",
        date(2021, 4, 4): "påskedag",
        date(2021, 4, 5): "2. påskedag",
        date(2021, 4, 30): "store bededag",
        date(2021, 5, 13): "Kristi himmelfartsdag",
        date(2021, 5, 23): "pinsedag",
        date(2021, 5, 24): "2. pinsedag",
        date(2021, 12, 25): "juledag",
        date(2021, 12, 26): "2. juledag",
    }


def test_store_bededag_is_a_holiday_no_more_from_2024_on() -> None:
    assert holiday(date(2023, 5, 5)) == "store bededag"
    assert holiday(date(2024, 4, 26)) is None
    assert "store bededag" not in holidays(2024).values()


def test_every_year_has_its_holidays_and_store_bededag_is_a_friday() -> None:
    for year in range(1900, 3000):
        found = holidays(year)
        assert len(found) == (11 if year <= 2023 else 10), year
        assert all(day.weekday() == 4 for day, name in found.items() if name == "store bededag")
        assert all(day.weekday() == 3 for day, name in found.items() if name == "Kristi himmelfartsdag")


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2021, 3, 10), ()),
        (date(2021, 3, 13), ("Den 13. marts 2021 er en lørdag.",)),
        (date(2021, 4, 1), ("Den 1. april 2021 er skærtorsdag, som er en helligdag.",)),
        # A Sunday that is a holiday is said once.
        (date(2021, 4, 4), ("Den 4. april 2021 er påskedag, som er en helligdag.",)),
        (date(2025, 6, 5), ("Den 5. juni 2025 er grundlovsdag, hvor mange holder fri.",)),
        (date(2021, 2, 17), ("Den 17. februar 2021 ligger i en uge, hvor nogle skoler har vinterferie i uge 7.",)),
        (date(2021, 2, 24), ("Den 24. februar 2021 ligger i en uge, hvor nogle skoler har vinterferie i uge 8.",)),
        (date(2021, 10, 20), ("Den 20. oktober 2021 ligger i en uge, hvor skolerne har efterårsferie i uge 42.",)),
    ],
)
def test_what_speaks_against_a_day_is_said_in_a_sentence(day: date, said: tuple[str, ...]) -> None:
    assert said_of(day) == said


def test_of_several_days_the_school_holiday_is_said_once() -> None:
    said = said_of_days(date(2021, 10, 21), date(2021, 10, 23))
    assert said == (
        "Den 21. oktober 2021 ligger i en uge, hvor skolerne har efterårsferie i uge 42.",
        "Den 23. oktober 2021 er en lørdag.",
    )


def test_the_last_days_of_the_calendar_are_no_error() -> None:
    said = said_of_days(date(9999, 12, 30), date.max)
    assert said == ("Den 31. december 9999 er nytårsaftensdag, hvor mange holder fri.",)


def test_closed_days_are_no_holidays_and_the_weeks_are_the_calendars() -> None:
    assert closed(date(2021, 12, 24)) == "juleaftensdag"
    # Pinsedag of 1949 was on grundlovsdag: it is a holiday, and said as one.
    assert (holiday(date(1949, 6, 5)), closed(date(1949, 6, 5))) == ("pinsedag", None)
    # Week 53 of 2020 lies in January 2021 too; week 7 begins on a Monday.
    assert [school_holiday(date(2021, 2, 14) + timedelta(days=n)) for n in (0, 1)] == [None, "vinterferie i uge 7"]
