"""A spreadsheet of the address book, row by row: what it would change, and each wrong cell. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.enrollment.adapters import organisations
from services.enrollment.adapters.spreadsheet import require_table
from services.enrollment.domain.address_book import Said, WrongCell, in_turn, read_rows, seen_as
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Import:
    """`seen` stands for what is shown here: nothing else is imported by whoever has seen it."""

    rows: Sequence[Said]
    wrong: Sequence[WrongCell]
    seen: str


async def read_import(tx: Tx, content: str) -> Import:
    """`content` is the file in base64. Refused 422 when it is none that can be read."""
    heading, table = await require_table(content)
    changes, wrong = read_rows(heading, table, await organisations.load_codes(tx))
    _, said = in_turn(await organisations.load_many(tx, [one.code for one in changes]), changes)
    return Import(said, wrong, seen_as(said))
