"""The process that takes a spreadsheet apart; `spreadsheet` starts it by this file's path, one for each file.

It imports nothing of the service, and nobody else loads it. Standard input is the file, .xlsx or CSV, standard output
is JSON. A cell is the text that stands in it, or says why nobody can tell which text that is ([why, what is seen]:
`domain.sheet.Why`); nothing is made up, and nothing left out. It is read within limits; a workbook of 16 kB can still
keep its reader busy for minutes (a million styles), so the kernel ends what goes on after CPU_SECONDS or wants more
than MEMORY_BYTES.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import resource
import sys
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import IO, Any
from xml.parsers import expat

from openpyxl import load_workbook

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 5
"""A table of MOST_ROWS by MOST_COLUMNS takes one."""
MOST_BYTES = 150_000
MOST_UNPACKED_BYTES = 8_000_000
MOST_PARTS = 200
MOST_ROWS = 2_000
PROLOGUE_BYTES = 4_096
MOST_COLUMNS = 40
MOST_HEADING = 500
MOST_CELL = 20_000
"""As long as a text of a command can be (`bounds.LONGEST_TEXT`); what a field has room for, the domain says."""
MOST_CHARACTERS = 4_000_000
"""Of all cells: a workbook keeps a text once, however many of them show it."""
MOST_DIGITS = 15
"""As many of a number Excel keeps; the others it makes zeros."""

Cell = str | list[str]

_SHORTENED = re.compile(r"-?[0-9](?:[.,][0-9]+)?[eE][+-]?[0-9]+")
"""What Excel writes of a long number into a CSV file."""
_ERRORS = frozenset(
    [
        "#N/A",
        "#I/T",
        "#NULL!",
        "#NUL!",
        "#DIV/0!",
        "#DIVISION/0!",
        "#VALUE!",
        "#VÆRDI!",
        "#REF!",
        "#REFERENCE!",
        "#NAME?",
        "#NAVN?",
        "#NUM!",
        "#SPILL!",
        "#OVERLØB!",
        "#CALC!",
        "#BEREGN!",
        "#GETTING_DATA",
        "#HENTER_DATA",
    ]
)
_NO_PART_OF_A_DATE = re.compile(r"\[[^\]]*\]|\"[^\"]*\"|\\.")
"""Of a number format: a colour or a language, and what stands there as it is."""
_BREAKS = frozenset("\t\n\r")
_LINE_END = "_x000D_\n"
"""How a workbook writes a line's end of Windows (ECMA-376-1 § 22.9.2.19), which openpyxl leaves as it is."""
_LOST = "\ufffd"
# Fillers that are letters to Unicode, and are not seen either.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_NO_CHARACTER = frozenset({"Cc", "Cs", "Co", "Cn"})
_EIGHT_BITS = ("cp1252", "mac_roman", "cp850")
"""What Danish machines have written, each for itself: Windows, the Mac, DOS."""
_DANISH = frozenset("æøåÆØÅéÉèêëüÜöÖäÄóáíúñç–’“”")
"""A text in the right one of them has, beside ASCII, nothing else. More than one right one is none."""


UNKNOWN_ALPHABET = (
    "Filen er gemt med et tegnsæt, som ikke kan kendes med sikkerhed. Gem den i Excel som »CSV UTF-8« eller som .xlsx, "
    "og send den igen."
)


class SpreadsheetError(ValueError):
    """The file cannot be read; the message says why in Danish."""


def read_table(content: bytes) -> tuple[list[str], list[list[Cell]]]:
    """(headings, rows) of the first sheet. What a file is follows from its first bytes, not from its name."""
    if len(content) > MOST_BYTES:
        raise SpreadsheetError(f"Filen er på {len(content) // 1000} kB; den må højst være på {MOST_BYTES // 1000} kB.")
    rows, characters = [], 0
    for row in _workbook(content) if content.startswith(b"PK") else _csv(content):
        rows.append(row)
        characters += sum(map(len, row))
        if characters > MOST_CHARACTERS:
            raise SpreadsheetError(f"Filen har mere end {MOST_CHARACTERS} tegn i sine celler. Del den i flere.")
    if not rows:
        raise SpreadsheetError("Filen er tom.")
    heading = [one for one in rows[0] if isinstance(one, str)]
    if len(heading) < len(rows[0]):
        raise SpreadsheetError("En overskrift i række 1 er ikke almindelig tekst. Skriv den igen, og send filen.")
    if any(len(one) > MOST_HEADING for one in heading):
        raise SpreadsheetError(f"En overskrift i række 1 er på mere end {MOST_HEADING} tegn. Gør den kortere.")
    return heading, rows[1:]


def _workbook(content: bytes) -> Iterator[list[Cell]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _not_too_large(packed)
            for part in packed.infolist():
                with packed.open(part) as unpacked:
                    _without_dtd(unpacked)
        with closing(_sheet(content, values=True)) as values, closing(_sheet(content, values=False)) as written:
            for number, (row, said) in enumerate(zip(_rows(values), _rows(written), strict=True), start=1):
                _not_too_many(number)
                cells = [_cell(one, other) for one, other in zip(row, said, strict=True)]
                while cells and not cells[-1]:
                    cells.pop()
                _not_too_wide(number, cells)
                yield cells
    except (SpreadsheetError, MemoryError):
        raise
    except Exception as error:
        # openpyxl has no common class for what a damaged, encrypted or strangely packed file makes it raise.
        raise SpreadsheetError("Filen er ikke en læsbar Excel-fil (.xlsx).") from error


def _sheet(content: bytes, *, values: bool) -> Any:
    """The workbook, with what formulas came to, or with the formulas."""
    return load_workbook(io.BytesIO(content), read_only=True, data_only=values, keep_links=False)


def _rows(book: Any) -> Any:
    sheet = book.worksheets[0]
    # What a file says of its own size need not be so.
    sheet.reset_dimensions()
    return sheet.iter_rows()


def _cell(found: Any, written: Any) -> Cell:
    match found.value:
        case None:
            return ["formula", ""] if getattr(written, "data_type", None) == "f" else ""
        case bool() as truth:
            return ["boolean", "SAND" if truth else "FALSK"]
        case dt.date() as day:
            return ["date", _day(day, str(found.number_format or ""))]
        case dt.time() | dt.timedelta() as clock:
            return ["time", _clock(clock)]
        case int() | float() as number:
            return _number(number, str(found.number_format or ""))
        case text:
            return _text(str(text).replace(_LINE_END, "\n"))


def _day(day: dt.date, shown_as: str) -> str:
    """With its clock time where that is shown."""
    timed = isinstance(day, dt.datetime) and "h" in _NO_PART_OF_A_DATE.sub("", shown_as).lower()
    return f"{day:%d-%m-%Y %H:%M:%S}" if timed else f"{day:%d-%m-%Y}"


def _clock(clock: dt.time | dt.timedelta) -> str:
    if isinstance(clock, dt.time):
        return f"{clock:%H:%M:%S}"
    minutes, seconds = divmod(int(clock.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _number(value: float, shown_as: str) -> Cell:
    """Its digits: Excel makes numbers of codes, and 5.798e12 of an EAN number that fits in a float."""
    if isinstance(value, float) and not value.is_integer():
        return ["fraction", str(value).replace(".", ",")]
    digits = str(int(value))
    if len(digits.lstrip("-")) > MOST_DIGITS:
        return ["long", digits]
    # As many digits as the format has zeros before the point are shown, whatever the number is.
    shown = shown_as.partition(";")[0].partition(".")[0].count("0")
    return ["zeros", digits.zfill(shown)] if len(digits) < shown else digits


def _text(text: str) -> Cell:
    if len(text) > MOST_CELL:
        return ["too_long", str(len(text))]
    if text.strip() in _ERRORS:
        return ["error", text.strip()]
    for mark in text:
        if mark == _LOST:
            return ["lost", ""]
        if mark not in _BREAKS and (unicodedata.category(mark) in _NO_CHARACTER or _is_unseen(mark)):
            return ["invisible", f"U+{ord(mark):04X}"]
    return text


def _is_unseen(mark: str) -> bool:
    return unicodedata.category(mark) in {"Cf", "Zl", "Zp"} or mark in _FILLERS


def _written(text: str) -> Cell:
    """Of a CSV file, which has no formats: what Excel has left of a number, or a formula that nobody has reckoned."""
    bare = text.strip()
    if bare.startswith("="):
        return ["formula", ""]
    if _SHORTENED.fullmatch(bare):
        return ["long", bare]
    return _text(text)


def _csv(content: bytes) -> Iterator[list[Cell]]:
    text = _decoded(content)
    csv.field_size_limit(MOST_BYTES)
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        for number, row in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), start=1
        ):
            _not_too_many(number)
            cells = [_written(cell) for cell in row]
            _not_too_wide(number, cells)
            yield cells
    except csv.Error as error:
        raise SpreadsheetError("Filen er ikke en læsbar CSV-fil.") from error


def _decoded(content: bytes) -> str:
    """As it says itself (a byte order mark), as UTF-8, or as the one machine's alphabet that makes Danish of it."""
    for mark, alphabet in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            try:
                return content.decode(alphabet)
            except UnicodeDecodeError:
                raise SpreadsheetError(UNKNOWN_ALPHABET) from None
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8")
    possible = {text for alphabet in _EIGHT_BITS if (text := _in_danish(content, alphabet)) is not None}
    if len(possible) != 1:
        raise SpreadsheetError(UNKNOWN_ALPHABET)
    return possible.pop()


def _in_danish(content: bytes, alphabet: str) -> str | None:
    try:
        text = content.decode(alphabet)
    except UnicodeDecodeError:
        return None
    return text if all(mark.isascii() or mark in _DANISH for mark in text) else None


def _not_too_large(packed: zipfile.ZipFile) -> None:
    if len(packed.infolist()) > MOST_PARTS:
        raise SpreadsheetError("Filen er pakket af for mange dele.")
    # Python's zipfile never unpacks more of a part than the size that the archive names for it.
    if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED_BYTES:
        raise SpreadsheetError("Filen fylder for meget, når den pakkes ud.")


def _without_dtd(part: IO[bytes]) -> None:
    """Excel writes no DTD (ECMA-376-2 § 6.2.5 forbids it); one of 8 kB, packed, can unfold to most of a gigabyte.

    Asked of the parser that reads the sheets, as far as the first element, so that no encoding hides one from us.
    """
    parser = expat.ParserCreate()
    begun = False

    def element(_name: str, _attributes: object) -> None:
        nonlocal begun
        begun = True

    def dtd(*_: object) -> None:
        raise ValueError("a part of the workbook has a DTD")

    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = dtd
    # What is no XML (a picture) is none of a sheet either.
    with suppress(expat.ExpatError):
        while not begun and (chunk := part.read(PROLOGUE_BYTES)):
            parser.Parse(chunk)


def _not_too_many(number: int) -> None:
    if number > MOST_ROWS:
        raise SpreadsheetError(f"Filen har flere end {MOST_ROWS} rækker.")


def _not_too_wide(number: int, cells: list[Cell]) -> None:
    if len(cells) > MOST_COLUMNS:
        raise SpreadsheetError(f"Række {number} har {len(cells)} kolonner; der må højst være {MOST_COLUMNS}.")


def read(content: bytes) -> dict[str, Any]:
    """`{"failed": sentence}`, or the headings and rows."""
    try:
        heading, rows = read_table(content)
    except SpreadsheetError as error:
        return {"failed": str(error)}
    except MemoryError:
        return {"failed": "Filen fylder for meget, når den læses."}
    return {"heading": heading, "rows": rows}


def limit() -> None:
    """Ours from now on; no system that refuses to limit memory keeps us from reading."""
    for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        with suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    limit()
    # What openpyxl leaves out (styles, validation) is of no use to a table of texts.
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(read(sys.stdin.buffer.read(MOST_BYTES + 1))))
