"""Danish as it is written and sorted."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.danish import (
    clock_span,
    danish_sort_key,
    day_and_clock,
    day_span,
    kroner,
    long_day,
    month_name,
    ore_of,
    short_day,
)


def test_the_danish_alphabet_ends_with_ae_oe_aa() -> None:
    in_order = ["Ab", "Az", "B", "Z", "Æblegård", "Ærø", "Ødis", "Aabenraa", "Aalborg", "Århus", "Åstrup"]
    backwards = list(reversed(in_order))
    assert sorted(backwards, key=danish_sort_key) == in_order


@pytest.mark.parametrize(
    ("one", "other"),
    [("Aarhus", "Århus"), ("AARHUS", "aarhus"), ("Allé", "Alle"), ("Müller", "Myller"), ("A\u030arhus", "Århus")],
)
def test_spellings_that_sort_alike_have_one_key(one: str, other: str) -> None:
    assert danish_sort_key(one) == danish_sort_key(other)


def test_a_space_or_hyphen_comes_before_every_letter() -> None:
    assert sorted(["Nybyen", "Ny Å", "Ny-Øst", "Ny"], key=danish_sort_key) == ["Ny", "Ny-Øst", "Ny Å", "Nybyen"]


@given(st.text(), st.text())
def test_keys_compare_alike_as_text_and_as_bytes(one: str, other: str) -> None:
    first, second = danish_sort_key(one), danish_sort_key(other)
    encoded = [key.encode("utf-8", "surrogatepass") for key in (first, second)]
    assert (first < second) == (encoded[0] < encoded[1])


@pytest.mark.parametrize(
    ("ore", "text"),
    [
        (24_375_00, "24.375,00 kr."),
        (5, "0,05 kr."),
        (0, "0,00 kr."),
        (-1_000_50, "-1.000,50 kr."),
        (-5, "-0,05 kr."),
        (1_234_567_89, "1.234.567,89 kr."),
    ],
)
def test_an_amount_has_a_full_stop_for_thousands_and_a_comma_for_oere(ore: int, text: str) -> None:
    assert kroner(ore) == text


def test_days_and_clock_times() -> None:
    day = date(2021, 4, 15)
    assert short_day(day) == "15. april 2021"
    assert long_day(day) == "torsdag den 15. april 2021"
    assert day_and_clock(day, time(9, 30)) == "torsdag den 15. april 2021 kl. 9.30"
    assert clock_span(time(9), time(15, 5)) == "kl. 9.00-15.05"
    assert day_span(day, day) == long_day(day)
    assert day_span(day, date(2021, 4, 16)) == "torsdag den 15. april 2021 til fredag den 16. april 2021"
    assert month_name("2013-03") == "marts 2013"


@pytest.mark.parametrize(
    ("text", "ore"),
    [
        ("24.375,00 kr.", 2_437_500),
        ("24.375 kr", 2_437_500),
        ("24375", 2_437_500),
        ("24 375,5", 2_437_550),
        (" 0,05 ", 5),
        ("1.234.567,89", 123_456_789),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, ore: int) -> None:
    assert ore_of(text) == ore


@pytest.mark.parametrize("text", ["", "kr.", "12.5", "12,345", "1.23,00", "-5", "1e3", "mange", "12.375.00"])
def test_what_could_be_another_amount_is_none(text: str) -> None:
    assert ore_of(text) is None


@given(st.integers(0, 10**11))
def test_what_is_written_is_read(ore: int) -> None:
    assert ore_of(kroner(ore)) == ore
