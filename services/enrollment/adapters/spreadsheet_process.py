"""The process that takes a spreadsheet apart; `spreadsheet` starts it by this file's path, one for each file.

It imports nothing of the service, and nobody else loads it. Standard input is the file, .xlsx or CSV, standard output
is JSON. It is read as text and within limits; a workbook of 16 kB can still keep its reader busy for minutes (a million
styles), so the kernel ends what goes on after CPU_SECONDS or wants more than MEMORY_BYTES.
"""

from __future__ import annotations

import csv
import io
import json
import resource
import sys
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
MOST_CELL = 500


class SpreadsheetError(ValueError):
    """The file cannot be read; the message says why in Danish."""


def read_table(content: bytes) -> tuple[list[str], list[list[str]]]:
    """(headings, rows) of the first sheet. What a file is follows from its first bytes, not from its name."""
    if len(content) > MOST_BYTES:
        raise SpreadsheetError(f"Filen er på {len(content) // 1000} kB; den må højst være på {MOST_BYTES // 1000} kB.")
    rows = list(_workbook(content) if content.startswith(b"PK") else _csv(content))
    if not rows:
        raise SpreadsheetError("Filen er tom.")
    return rows[0], rows[1:]


def _workbook(content: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _not_too_large(packed)
            for part in packed.infolist():
                with packed.open(part) as unpacked:
                    _without_dtd(unpacked)
        with closing(load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)) as book:
            for number, row in enumerate(book.worksheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS), start=1):
                _not_too_many(number)
                cells = [_text(cell) for cell in row]
                while cells and not cells[-1]:
                    cells.pop()
                yield cells
    except (SpreadsheetError, MemoryError):
        raise
    except Exception as error:
        # openpyxl has no common class for what a damaged, encrypted or strangely packed file makes it raise.
        raise SpreadsheetError("Filen er ikke en læsbar Excel-fil (.xlsx).") from error


def _text(cell: Any) -> str:
    """A number as its digits: Excel makes numbers of codes, and 5.798e12 of an EAN number that fits in a float."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return _short(str(cell))


def _csv(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel in Denmark saves as "CSV" without saying UTF-8.
        text = content.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        for number, row in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), start=1
        ):
            _not_too_many(number)
            if len(row) > MOST_COLUMNS:
                raise SpreadsheetError(f"Række {number} har {len(row)} kolonner; der må højst være {MOST_COLUMNS}.")
            yield [_short(cell) for cell in row]
    except csv.Error as error:
        raise SpreadsheetError("Filen er ikke en læsbar CSV-fil.") from error


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


def _short(cell: str) -> str:
    if len(cell) > MOST_CELL:
        raise SpreadsheetError(f"En celle er på mere end {MOST_CELL} tegn.")
    return cell


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
