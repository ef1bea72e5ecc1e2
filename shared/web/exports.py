"""A whole list as a table for people: CSV as Excel in Denmark opens it, or XLSX.

The list is read page by page, each in a transaction of its own, so that no export holds others up, and written to a
file before the first byte is sent: an answer is whole or an error. No cell is ever a formula, whatever somebody has
called themselves (CWE-1236): in CSV an apostrophe stands before what could begin one, in XLSX it is a text.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import csv
import io
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Literal, Self

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from starlette.responses import Response, StreamingResponse

from shared.base.listing import CURSOR, LIMIT, rows_of
from shared.contracts.headings import heading
from shared.contracts.refusal import Refused
from shared.contracts.time import COPENHAGEN

Format = Literal["csv", "xlsx"]
FORMAT = "format"
"""Parameter of every list."""
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_ROWS = 100_000
"""Of one table; whoever wants more asks by filters."""
IN_MEMORY = 1_000_000
CHUNK = 64 * 1024
_ORE = "_ore"
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_767
"""Characters (ECMA-376 § 18.18.11 as Excel keeps to it)."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Cell = str | bool | int | Decimal | date | datetime | None
Row = dict[str, Cell]


def format_of(query: Mapping[str, str]) -> Format | None:
    """The table that is asked for, if one is. Refused 422 `unknown_format`."""
    match query.get(FORMAT):
        case None | "json":
            return None
        case "csv" | "xlsx" as known:
            return known
        case _:
            raise Refused("unknown_format", "format skal være json, csv eller xlsx.", status=422, field=FORMAT)


class Table:
    """Rows as they come, kept in a file; then the table of all of them, whatever fields each has."""

    def __init__(self, unfolded: str = "") -> None:
        """`unfolded` is a list within each row: its entries are the rows of the table, each with what stands around."""
        self._unfolded = unfolded
        self._rows: IO[str] = tempfile.SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8")  # noqa: SIM115
        self._columns: dict[str, bool] = {}
        """Each by its path, and whether any row has something in it."""
        self.count = 0

    def add(self, rows: Sequence[Any]) -> None:
        """Refused 422 `too_many_rows`."""
        for row in self._each(rows):
            flat = dict(_flat(row))
            for name, value in flat.items():
                self._columns[name] = self._columns.get(name, False) or value is not None
            self._rows.write(json.dumps(flat) + "\n")
            self.count += 1
            if self.count > MOST_ROWS:
                raise Refused(
                    "too_many_rows", f"Listen har flere end {MOST_ROWS} rækker. Vælg færre med et filter.", status=422
                )

    def _each(self, rows: Sequence[Any]) -> Iterator[Any]:
        for row in rows:
            if not self._unfolded:
                yield row
                continue
            around = {name: value for name, value in row.items() if name != self._unfolded}
            yield from ({**around, self._unfolded: one} for one in row[self._unfolded])

    @property
    def columns(self) -> list[str]:
        """One that is only ever empty, and stands for parts that other rows have, is left out."""
        return [
            name
            for name, filled in self._columns.items()
            if filled or not any(other.startswith(f"{name}.") for other in self._columns)
        ]

    def rows(self) -> Iterator[list[Cell]]:
        columns = self.columns
        self._rows.seek(0)
        for line in self._rows:
            row = json.loads(line)
            yield [_cell(name, row.get(name)) for name in columns]

    def write(self, kind: Format) -> IO[bytes]:
        """At its beginning."""
        file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        with contextlib.ExitStack() as unless_done:
            unless_done.callback(file.close)
            headings = [heading(name) for name in self.columns]
            write = _csv if kind == "csv" else _xlsx
            write(file, headings, self.rows())
            file.seek(0)
            unless_done.pop_all()
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()


async def whole_table(
    read: Callable[[Mapping[str, str]], Awaitable[Mapping[str, Any]]],
    asked: Mapping[str, str],
    kind: Format,
    name: str,
    unfolded: str = "",
) -> Response:
    """All pages from where it begins, as a file of this name; `read` opens a transaction for each."""
    rest = {key: value for key, value in asked.items() if key not in {FORMAT, LIMIT}}
    with Table(unfolded) as table:
        while True:
            found = await read(rest)
            await asyncio.to_thread(table.add, rows_of(found))
            if found["next"] is None:
                break
            rest[CURSOR] = str(found["next"])
        file = await asyncio.to_thread(table.write, kind)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return StreamingResponse(chunks(file), media_type=MEDIA_TYPES[kind], headers=headers)


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """All of it; then it is closed, also when whoever reads it goes away."""
    try:
        while part := await asyncio.to_thread(file.read, CHUNK):
            yield part
    finally:
        file.close()


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and (value or not path):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        yield path, "; ".join(_in_words(one) for one in value) or None
    else:
        yield path, value or None if isinstance(value, dict) else value


def _in_words(value: Any) -> str:
    parts = [str(_csv_text(_cell(name, inner))) for name, inner in _flat(value) if inner is not None]
    return ", ".join(parts)


def _cell(name: str, value: Any) -> Cell:
    """Øre are kroner, an instant is Danish time, and a day is a day."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return Decimal(value).scaleb(-2) if name.endswith(_ORE) else value
    text = str(value)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(COPENHAGEN).replace(tzinfo=None, microsecond=0)
    except (ValueError, OverflowError):
        pass
    return text


def _csv(file: IO[bytes], headings: Sequence[str], rows: Iterator[list[Cell]]) -> None:
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    writer.writerow([_defused(one) for one in headings])
    for row in rows:
        writer.writerow([_csv_text(one) for one in row])
    text.detach()


def _csv_text(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nej"
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", ",")
    if isinstance(value, date):
        return f"{value:%d-%m-%Y %H:%M}" if isinstance(value, datetime) else f"{value:%d-%m-%Y}"
    return str(value) if isinstance(value, int) else _defused(value)


def _defused(text: str) -> str:
    return f"'{text}" if text.lstrip().startswith(_BEGINS_A_FORMULA) or text.startswith(("\t", "\r")) else text


def _xlsx(file: IO[bytes], headings: Sequence[str], rows: Iterator[list[Cell]]) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Liste")
    sheet.freeze_panes = "A2"
    sheet.append([_xlsx_cell(sheet, one) for one in headings])
    for row in rows:
        sheet.append([_xlsx_cell(sheet, one) for one in row])
    book.save(file)


def _xlsx_cell(sheet: Any, value: Cell) -> Any:
    if isinstance(value, bool):
        value = "ja" if value else "nej"
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, _NO_XML.sub("\ufffd", value)[:_LONGEST_CELL])
        # A text, also where it begins as a formula does.
        cell.data_type = "s"
        return cell
    cell = WriteOnlyCell(sheet, value)  # type: ignore[arg-type]  # what it takes as numbers and times
    match value:
        case Decimal():
            cell.number_format = "#,##0.00"
        case datetime():
            cell.number_format = "dd-mm-yyyy hh:mm"
        case date():
            cell.number_format = "dd-mm-yyyy"
        case _:
            pass
    return cell
