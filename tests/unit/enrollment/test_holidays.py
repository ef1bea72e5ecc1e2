"""Days without meetings."""

from __future__ import annotations

from datetime import date

import pytest

from services.enrollment.domain.programme_file.holidays import easter_sunday, public_holidays, quiet_days


@pytest.mark.parametrize(
    "easter",
    [
        date(2008, 3, 23),
        date(2016, 3, 27),
        date(2019, 4, 21),
        date(2020, 4, 12),
        date(2021, 4, 4),
        date(2022, 4, 17),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2038, 4, 25),
        date(2049, 4, 18),
    ],
)
def test_easter_falls_where_the_almanac_says(easter: date) -> None:
    assert easter_sunday(easter.year) == easter


def test_easter_is_a_sunday_between_22_march_and_25_april() -> None:
    for year in range(2000, 2100):
        easter = easter_sunday(year)
        assert easter.weekday() == 6
        assert date(year, 3, 22) <= easter <= date(year, 4, 25)


def test_the_holidays_of_2021() -> None:
    assert public_holidays(2021) == {
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


def test_store_bededag_was_abolished_from_2024() -> None:
    assert public_holidays(2023)[date(2023, 5, 5)] == "store bededag"
    assert "store bededag" not in public_holidays(2024).values()


def test_grundlovsdag_and_juleaften_are_quiet_and_no_holidays() -> None:
    assert quiet_days(2022)[date(2022, 6, 5)] == "grundlovsdag"
    assert quiet_days(2022)[date(2022, 12, 24)] == "juleaftensdag"
    assert not set(quiet_days(2021)) & set(public_holidays(2021))
