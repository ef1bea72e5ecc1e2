"""The address book for staff: a list, all that is known of one organisation, and entries that may be there twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.enrollment.adapters import accounts, book, organisations, workspace
from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.book import (
    Lack,
    Line,
    Noted,
    Part,
    Refusal,
    Sort,
    Sought,
    Twins,
    headings_of_sheet,
    health,
    rows_of_sheet,
    whole_rows,
)
from services.enrollment.domain.workspace import goes_on
from shared.base.listing import page_of
from shared.contracts.staff import EVERYWHERE
from shared.contracts.time import day_of
from shared.storage.tx import Tx

ON_A_PAGE = 100
MOST_PARTS, MOST_CHANGES, MOST_TWINS = 50, 50, 50
STAFF = "staff/"


@dataclass(frozen=True, slots=True)
class Listed:
    """`following` is the cursor of the next page."""

    lines: Sequence[Line]
    everybody: int
    counts: Mapping[Lack, int]
    twins: int
    following: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one organisation; `who` are the names of those who changed its entry, by actor."""

    entry: Entry
    lacks: frozenset[Lack]
    refused: Sequence[Refusal]
    parts: Sequence[Part]
    merged: Sequence[Entry]
    into: Entry | None
    changes: Sequence[Noted]
    who: Mapping[str, str]


async def read_book(tx: Tx, query: Mapping[str, str], *, sort: Sort, lack: Lack | None, asked: Sought) -> Listed:
    """A page of it. Members and municipalities alike."""
    page = page_of(query, f"book-{sort}", most=ON_A_PAGE)
    today = day_of(tx.now)
    going_on = [one.id for one in await workspace.load_current(tx, None) if goes_on(one, today)]
    found = await book.load_page(tx, page, going_on, sort=sort, lack=lack, asked=asked)
    lines, following = page.cut(found)
    everybody, counts = await book.count_lacks(tx)
    return Listed(lines, everybody, counts, len(await book.load_twins(tx, MOST_TWINS)), following)


async def read_known(tx: Tx, code: str, programme_ids: Collection[str] | None) -> Known | None:
    """What it takes part in of these programmes (None = all there are)."""
    entry = await organisations.load(tx, code)
    if entry is None:
        return None
    refused, changes = await book.load_refusals(tx, code), await book.load_changes(tx, code, MOST_CHANGES)
    actors = sorted({(one.actor or "").removeprefix(STAFF) for one in changes if (one.actor or "").startswith(STAFF)})
    names = await accounts.load_known(tx, actors, EVERYWHERE)
    return Known(
        entry=entry,
        lacks=health(entry, refused, silent=await book.load_silent(tx, code)),
        refused=refused,
        parts=await book.load_parts(tx, code, programme_ids, MOST_PARTS),
        merged=list((await organisations.load_merged_into(tx, [code])).values()),
        into=None if entry.merged_into is None else await organisations.load(tx, entry.merged_into),
        changes=changes,
        who={f"{STAFF}{one}": name for one, (name, _) in names.items()},
    )


async def read_twins(tx: Tx) -> list[Twins]:
    return await book.load_twins(tx, MOST_TWINS)


async def read_sheet(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the whole book as a spreadsheet that can be imported: every row has every column."""
    page = page_of(query, "sheet")
    roles = await organisations.load_roles(tx)
    rows, following = page.cut(await organisations.load_page_of_all(tx, page))
    headings = headings_of_sheet(roles)
    return {"sheet": whole_rows([row for one in rows for row in rows_of_sheet(one)], headings), "next": following}
