"""A list as a table: what Excel in Denmark shows is what the API said, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from openpyxl import load_workbook

from shared.contracts.refusal import Refused
from shared.web import exports
from shared.web.exports import Format, Table, format_of

ROWS: list[dict[str, Any]] = [
    {
        "organisation": {"code": "0101", "name": "Københavns Kommune"},
        "contact": None,
        "gross_ore": 2437550,
        "received_at": "2020-06-15T09:30:00+00:00",
        "deadline": "2020-08-21",
        "late": True,
        "places": 3,
        "levels": ["chef", "leder"],
        "lines": [{"text": "Gebyr", "amount_ore": 1950000}, {"text": "=1+1", "amount_ore": 0}],
    },
    {
        "organisation": {"code": "0751", "name": '=HYPERLINK("http://x.example")'},
        "contact": {"name": '-Bo; "Prøvesen"\nx', "email": "bo@k.example"},
        "gross_ore": -5,
        "received_at": None,
        "deadline": None,
        "late": False,
        "places": None,
        "levels": [],
        "lines": [],
    },
]
WANTED = [
    ["Kommunekode", "Kommune", "Inkl. moms, kr.", "Modtaget", "Tilmeldingsfrist", "late", "places", "levels", "lines",
     "Kontakt", "Kontaktens e-mail"],
    ["0101", "Københavns Kommune", "24375,50", "15-06-2020 11:30", "21-08-2020", "ja", "3", "chef; leder",
     "Gebyr, 19500,00; '=1+1, 0,00", "", ""],
    ["0751", "'=HYPERLINK(\"http://x.example\")", "-0,05", "", "", "nej", "", "", "",
     "'-Bo; \"Prøvesen\"\nx", "bo@k.example"],
]  # fmt: skip


def table(rows: list[dict[str, Any]], kind: Format, unfolded: str = "") -> bytes:
    with Table(unfolded) as made:
        made.add(rows)
        with made.write(kind) as file:
            return file.read()


def read_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_a_csv_file_is_what_excel_in_denmark_opens() -> None:
    content = table(ROWS, "csv")
    assert read_csv(content) == WANTED
    assert content.count(b"\r\n") == 3


def test_in_a_workbook_numbers_and_days_are_that_and_everything_else_is_text() -> None:
    sheet = load_workbook(io.BytesIO(table(ROWS, "xlsx"))).active
    assert sheet is not None
    rows = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
    assert [value for value, _ in rows[0]] == WANTED[0]
    assert rows[1][:6] == [
        ("0101", "s"), ("Københavns Kommune", "s"), (24375.5, "n"), (datetime(2020, 6, 15, 11, 30), "d"),  # noqa: DTZ001
        (datetime(2020, 8, 21), "d"), ("ja", "s"),  # noqa: DTZ001
    ]  # fmt: skip
    assert rows[2][1] == ('=HYPERLINK("http://x.example")', "s")
    assert rows[2][2] == (-0.05, "n")
    assert not [one for row in rows for one in row if one[1] == "f"]


@pytest.mark.parametrize("text", ["=1", "+45 12", "-x", "@x", "\t=1", "\r=1", "  =1", "'=1"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_text_is_a_formula(text: str, kind: Format) -> None:
    content = table([{"name": text}], kind)
    if kind == "csv":
        ((_,), (cell,)) = read_csv(content)
        assert cell.startswith("'")
    else:
        sheet = load_workbook(io.BytesIO(content)).active
        assert sheet is not None
        assert sheet["A2"].data_type == "s"


def test_a_list_within_the_rows_can_be_the_rows() -> None:
    rows = [
        {"meeting": {"title": "Møde 1"}, "participants": [{"name": "Anna"}, {"name": "Bo"}]},
        {"meeting": {"title": "Møde 2"}, "participants": []},
    ]
    assert read_csv(table(rows, "csv", "participants")) == [["Titel", "Navn"], ["Møde 1", "Anna"], ["Møde 1", "Bo"]]


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\ufffe", "x" * 40_000, "a\x0bb"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_text_that_no_sheet_can_hold_stops_no_export(text: str, kind: Format) -> None:
    assert table([{"name": text}, {"name": "efter"}], kind)


def test_an_empty_list_is_an_empty_table() -> None:
    assert read_csv(table([], "csv")) == [[]]
    assert load_workbook(io.BytesIO(table([], "xlsx"))).active is not None


def test_more_rows_than_anybody_opens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    with pytest.raises(Refused, match="too_many_rows"):
        table([{"name": "x"}] * 3, "csv")


def test_only_formats_that_there_are_can_be_asked_for() -> None:
    assert (format_of({}), format_of({"format": "json"}), format_of({"format": "csv"})) == (None, None, "csv")
    with pytest.raises(Refused, match="unknown_format"):
        format_of({"format": "pdf"})


@pytest.mark.parametrize(
    "name", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+23:59", "2021-99-99", "2021-04-15T09:30:00"]
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_text_that_looks_like_a_time_that_cannot_be_is_a_text(name: str, kind: Format) -> None:
    content = table([{"name": name}], kind)
    if kind == "csv":
        assert read_csv(content)[1] == [name]
    else:
        sheet = load_workbook(io.BytesIO(content)).active
        assert sheet is not None
        assert sheet["A2"].value == name
