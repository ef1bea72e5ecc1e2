"""What is read of a table is what stands there, or nothing: every row, and no cell that Excel has changed."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, get_args

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from services.enrollment.adapters.spreadsheet_process import (
    MOST_CELL,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_HEADING,
    UNKNOWN_ALPHABET,
    SpreadsheetError,
    read_table,
)
from services.enrollment.domain.address_book import read_rows
from services.enrollment.domain.sheet import Odd, Why
from shared.contracts.bounds import LONGEST_TEXT

HEADING = ["Kommunekode", "Kontostreng"]


def a_workbook(*rows: Sequence[Any], change: Callable[[Worksheet], None] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADING, *rows):
        sheet.append(list(row))
    if change:
        change(sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def with_xml(content: bytes, change: Callable[[str], str]) -> bytes:
    """The same workbook, with the XML of its sheet changed as no other program writes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        for part in old.infolist():
            text = old.read(part)
            new.writestr(part, change(text.decode()) if part.filename.endswith("sheet1.xml") else text)
    return packed.getvalue()


def formatted(number_format: str) -> Callable[[Worksheet], None]:
    def change(sheet: Worksheet) -> None:
        sheet["B2"].number_format = number_format

    return change


def as_excel_keeps_it(text: str, rows: int = 1, columns: int = MOST_COLUMNS) -> bytes:
    """A workbook that has the text once, and so many cells that show it."""
    content = a_workbook(*[["Q"] * columns] * rows)
    shared = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            xml = old.read(part).decode().replace(' t="inlineStr"><is><t>Q</t></is>', ' t="s"><v>0</v>')
            named = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{shared}"/></Types>'
            new.writestr(part.filename, xml.replace("</Types>", named))
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        new.writestr("xl/sharedStrings.xml", f'<sst xmlns="{main}"><si><t xml:space="preserve">{text}</t></si></sst>')
    return packed.getvalue()


def cell(content: bytes) -> str | list[str]:
    """What is read of B2."""
    return read_table(content)[1][0][1]


@pytest.mark.parametrize("says", ["A1", "A1:B2", "A1:XFD1048576", ""])
def test_every_row_is_read_whatever_the_sheet_says_of_its_size(says: str) -> None:
    content = a_workbook(*([f"{n:04}", f"S{n}"] for n in range(1, 31)))
    wanted = f'<dimension ref="{says}"/>' if says else ""
    lied = with_xml(content, lambda xml: re.sub(r"<dimension[^>]*/>", wanted, xml))
    assert read_table(lied) == read_table(content)
    assert len(read_table(lied)[1]) == 30


@pytest.mark.parametrize(
    ("value", "number_format", "seen"),
    [
        (True, "General", ["boolean", "SAND"]),
        (False, "General", ["boolean", "FALSK"]),
        (dt.datetime(2026, 3, 12, 8), "dd-mm-yyyy", ["date", "12-03-2026"]),  # noqa: DTZ001  (a sheet knows no zones)
        (dt.datetime(2026, 3, 12, 8), "dd-mm-yyyy hh:mm", ["date", "12-03-2026 08:00:00"]),  # noqa: DTZ001
        (dt.date(2026, 3, 12), "d. mmm", ["date", "12-03-2026"]),
        (46093, "mm-dd-yy", ["date", "12-03-2026"]),
        (0.4375, "hh:mm", ["time", "10:30:00"]),
        (dt.time(10, 30), "hh:mm", ["time", "10:30:00"]),
        (dt.timedelta(hours=30), "[h]:mm", ["time", "30:00:00"]),
        (12.5, "General", ["fraction", "12,5"]),
        (0.25, "0%", ["fraction", "0,25"]),
        (123456789012345678, "General", ["long", "123456789012345696"]),
        (1.234567890123457e17, "General", ["long", "123456789012345696"]),
        (-1e16, "General", ["long", "-10000000000000000"]),
        (4711, "000000", ["zeros", "004711"]),
        (999, "0000", ["zeros", "0999"]),
        (1234567, "00 00 00 00", ["zeros", "01234567"]),
        (12345678, "00 00 00 00", "12345678"),
        (4711, "#,##0.00", "4711"),
        (5798009800015, "0.00E+00", "5798009800015"),
        (5.798009800015e12, "General", "5798009800015"),
        ("#N/A", "General", ["error", "#N/A"]),
        ("#VÆRDI!", "General", ["error", "#VÆRDI!"]),
        ("=1+1", "General", ["formula", ""]),
        ("a\u00adb", "General", ["invisible", "U+00AD"]),
        ("a\u200bb", "General", ["invisible", "U+200B"]),
        ("\ufeffab", "General", ["invisible", "U+FEFF"]),
        ("a\u202eb", "General", ["invisible", "U+202E"]),
        ("a\u3164b", "General", ["invisible", "U+3164"]),
        ("a\ue000b", "General", ["invisible", "U+E000"]),
        ("a\ufffdb", "General", ["lost", ""]),
        ("a\u00a0b", "General", "a\u00a0b"),
        ("0101", "General", "0101"),
        ("a\nb", "General", "a\nb"),
        ("a_x000D_\nb", "General", "a\nb"),
    ],
)
def test_a_cell_is_the_text_that_stands_there_or_is_refused(value: Any, number_format: str, seen: object) -> None:
    assert cell(a_workbook(["0101", value], change=formatted(number_format))) == seen


def test_a_formula_counts_by_what_it_came_to_and_by_nothing_where_that_is_not_known() -> None:
    content = a_workbook(["0101", '=CONCATENATE("S","1")'])
    assert cell(content) == ["formula", ""]
    reckoned = re.compile(r'(<c r="B2")[^>]*>(<f>.*?</f>)<v ?/?>(</v>)?')
    for kind, value, seen in (
        ("str", "S1", "S1"),
        ("e", "#REF!", ["error", "#REF!"]),
        ("b", "1", ["boolean", "SAND"]),
        ("n", "4711", "4711"),
    ):
        known = with_xml(content, lambda xml, k=kind, v=value: reckoned.sub(rf'\1 t="{k}">\2<v>{v}</v>', xml))  # type: ignore[misc]
        assert cell(known) == seen


def test_rows_that_stand_apart_keep_their_numbers() -> None:
    def leave_two_out(sheet: Worksheet) -> None:
        sheet["A5"], sheet["B5"] = "9999", "S"

    heading, rows = read_table(a_workbook(["0101", "S"], change=leave_two_out))
    _, wrong = read_rows(heading, [[one for one in row if isinstance(one, str)] for row in rows], {"0101": ""})
    assert [one.row for one in wrong] == [5]


def test_columns_past_the_last_are_refused_and_not_dropped() -> None:
    wide = a_workbook(["0101", *["x"] * (MOST_COLUMNS - 1)])
    assert len(read_table(wide)[1][0]) == MOST_COLUMNS
    with pytest.raises(SpreadsheetError, match=f"Række 2 har {MOST_COLUMNS + 1} kolonner"):
        read_table(a_workbook(["0101", *["x"] * MOST_COLUMNS]))


TABLE = "Kommunekode;Kontostreng\r\n0187;Ålevænget 3, Øst, Brønæs, Café Ü\r\n"


@pytest.mark.parametrize("alphabet", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman", "cp850"])
def test_a_csv_file_is_read_in_the_alphabet_it_was_written_in(alphabet: str) -> None:
    assert cell(TABLE.encode(alphabet)) == "Ålevænget 3, Øst, Brønæs, Café Ü"


@pytest.mark.parametrize(
    "content",
    [
        "Kommunekode;Kontostreng\r\n0187;Łódź\r\n".encode("cp1250"),
        "Kommunekode;Kontostreng\r\n0187;Москва\r\n".encode("koi8-r"),
        # Æ to DOS, ’ to Windows: nobody can tell.
        b"Kommunekode;Kontostreng\r\n0187;\x92\r\n",
        b"\xff\xfeK\x00o\x00m",
        TABLE.encode("utf-16")[:-1],
    ],
)
def test_an_alphabet_that_nobody_can_be_sure_of_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(SpreadsheetError, match=re.escape(UNKNOWN_ALPHABET)):
        read_table(content)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("1,23457E+17", ["long", "1,23457E+17"]),
        ("5.8e+12", ["long", "5.8e+12"]),
        ('"=""0101"""', ["formula", ""]),
        ("#I/T", ["error", "#I/T"]),
        ("a\ufffdb", ["lost", ""]),
        ("a\x00b", ["invisible", "U+0000"]),
        ("12E", "12E"),
        ("+45 12 34 56 78", "+45 12 34 56 78"),
    ],
)
def test_what_excel_left_of_a_number_in_a_csv_file_is_refused(written: str, seen: object) -> None:
    assert cell(f"Kommunekode;Kontostreng\r\n0187;{written}\r\n".encode()) == seen


def test_every_reason_has_a_sentence_that_says_what_to_do_and_the_cell_is_named() -> None:
    for why in get_args(Why):
        _, (wrong,) = read_rows(["Kommunekode", "Kontostreng"], [["0101", Odd(why, "¤")]], {"0101": ""})
        assert str(wrong).startswith("Række 2, kolonne »Kontostreng«: ")
        assert re.search(r"Gør|Ret|Åbn|[Ss]kriv", wrong.detail)


def test_a_line_ends_where_excel_shows_that_it_does() -> None:
    for written in ("a\nb", "a\r\nb", "a_x000D_\nb", "a&#10;b"):
        assert cell(as_excel_keeps_it(written, columns=2)) == "a\nb"


def test_a_long_text_is_read_and_one_that_is_longer_than_any_may_be_is_named_with_its_length() -> None:
    assert MOST_CELL == LONGEST_TEXT
    for long in ("x" * MOST_CELL, "æ\n" * (MOST_CELL // 2)):
        assert cell(a_workbook(["0101", long])) == long
    assert cell(a_workbook(["0101", "x" * (MOST_CELL + 1)])) == ["too_long", str(MOST_CELL + 1)]
    for length in (MOST_CELL + 1, 140_000):
        of_csv = f'Kommunekode;Kontostreng\r\n0187;"{"x" * length}"\r\n'.encode()
        assert cell(of_csv) == ["too_long", str(length)]


def test_a_text_that_is_kept_once_and_shown_in_many_cells_is_not_read_for_ever() -> None:
    rows = MOST_CHARACTERS // (MOST_COLUMNS * MOST_CELL)
    fits = read_table(as_excel_keeps_it("x" * MOST_CELL, rows - 1))[1]
    assert fits == [["x" * MOST_CELL] * MOST_COLUMNS] * (rows - 1)
    with pytest.raises(SpreadsheetError, match=f"mere end {MOST_CHARACTERS} tegn"):
        read_table(as_excel_keeps_it("x" * MOST_CELL, rows))


def test_a_column_that_is_not_read_may_hold_anything() -> None:
    changes, wrong = read_rows(["Kommunekode", "Navn"], [["0101", Odd("date", "12-03-2026")]], {"0101": ""})
    assert (len(changes), wrong) == (1, ())


def test_a_heading_is_a_text() -> None:
    with pytest.raises(SpreadsheetError, match="En overskrift i række 1"):
        read_table(a_workbook(change=lambda sheet: sheet.__setitem__("B1", 12.5)))


def test_a_heading_has_its_length() -> None:
    def headed(length: int) -> bytes:
        return a_workbook(change=lambda sheet: sheet.__setitem__("B1", "x" * length))

    assert read_table(headed(MOST_HEADING))[0][1] == "x" * MOST_HEADING
    with pytest.raises(SpreadsheetError, match=f"En overskrift i række 1 er på mere end {MOST_HEADING} tegn"):
        read_table(headed(MOST_HEADING + 1))
