"""The municipalities: names, regions, CVR numbers and their Danish order."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from services.enrollment.domain.billing import is_cvr
from services.enrollment.domain.programme_file.municipality import (
    MunicipalityFileError,
    official_name,
    parse_municipalities,
)

CSV = (Path(__file__).parents[3] / "programmes" / "municipalities.csv").read_text(encoding="utf-8")


def test_there_are_98_municipalities_in_five_regions() -> None:
    assert Counter(one.region for one in parse_municipalities(CSV)) == {
        "Region Hovedstaden": 29,
        "Region Sjælland": 17,
        "Region Syddanmark": 22,
        "Region Midtjylland": 19,
        "Region Nordjylland": 11,
    }


def test_they_come_in_danish_order() -> None:
    names = [one.name for one in parse_municipalities(CSV)]
    assert names[:3] == ["Albertslund Kommune", "Allerød Kommune", "Assens Kommune"]
    assert names[-4:] == ["Ærø Kommune", "Aabenraa Kommune", "Aalborg Kommune", "Aarhus Kommune"]
    assert names.index("Fanø Kommune") < names.index("Fredericia Kommune") < names.index("Faaborg-Midtfyn Kommune")


@pytest.mark.parametrize(
    ("name", "official"),
    [
        ("Aarhus", "Aarhus Kommune"),
        ("København", "Københavns Kommune"),
        ("Bornholm", "Bornholms Regionskommune"),
        ("Nordfyns", "Nordfyns Kommune"),
    ],
)
def test_a_municipality_has_its_official_name(name: str, official: str) -> None:
    assert official_name(name) == official


def test_one_wrong_digit_makes_a_cvr_number_invalid() -> None:
    for one in parse_municipalities(CSV):
        assert is_cvr(one.cvr)
        for at in range(8):
            for digit in "0123456789":
                wrong = one.cvr[:at] + digit + one.cvr[at + 1 :]
                assert is_cvr(wrong) == (wrong == one.cvr)


@pytest.mark.parametrize("number", ["", "6494221", "649422122", "6494221²", "00000000", "6494221x"])
def test_what_is_no_number_of_eight_digits_is_no_cvr_number(number: str) -> None:
    assert not is_cvr(number)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the columns"),
        ("code,name,region,cvr\n", "line 1: the columns"),
        ("code;name;region;cvr\n0101;København;Region Hovedstaden\n", "line 2: 3 fields"),
        ("code;name;region;cvr\n101;København;Region Hovedstaden;64942212\n", "line 2: '101'"),
        ("code;name;region;cvr\n0101;;Region Hovedstaden;64942212\n", "line 2: the name"),
        ("code;name;region;cvr\n0101;København;Hovedstaden;64942212\n", "line 2: 'Hovedstaden'"),
        ("code;name;region;cvr\n0101;København;Region Hovedstaden;64942213\n", "line 2: '64942213'"),
        ("code;name;region;cvr\n" + "0101;København;Region Hovedstaden;64942212\n" * 2, "line 3: 0101 stands twice"),
        ('code;name;region;cvr\n0101;"København;Region Hovedstaden;64942212\n', "line 2: "),
    ],
)
def test_a_broken_list_names_its_line(text: str, said: str) -> None:
    with pytest.raises(MunicipalityFileError) as told:
        parse_municipalities(text)
    assert str(told.value).startswith(said)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    assert parse_municipalities("\ufeff" + CSV.replace("\n", "\r\n")) == parse_municipalities(CSV)
