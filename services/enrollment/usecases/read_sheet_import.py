"""A sheet that is being read in, or was: how far it is, and what came of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.enrollment.adapters import sheet_imports
from services.enrollment.adapters.sheet_imports import Listed
from services.enrollment.domain.enrolment_sheet import CameTo
from services.enrollment.domain.sheet_import import SheetImport, require_known
from shared.base.listing import page_of
from shared.storage.tx import Tx

ON_A_PAGE = 100
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """`counts` of rows by what they came to, None for those that are still to be written."""

    sheet: SheetImport
    counts: Mapping[CameTo | None, int]
    rows: Sequence[Listed]
    following: str | None


async def read_sheet_import(
    tx: Tx, programme_id: str, import_id: str, came_to: CameTo | None, query: Mapping[str, str]
) -> Shown:
    """The rows that came to this, a page of them. Refused 404 `unknown_import`."""
    sheet = require_known(await sheet_imports.load(tx, import_id), programme_id)
    counts = await sheet_imports.count_by_came_to(tx, sheet.id)
    if came_to is None:
        return Shown(sheet, counts, (), None)
    page = page_of(query, "sheet_rows", most=ON_A_PAGE)
    rows, following = page.cut(await sheet_imports.load_page(tx, sheet.id, came_to, page))
    return Shown(sheet, counts, rows, following)


async def read_sheet_imports(tx: Tx, programme_id: str) -> list[SheetImport]:
    """The newest first."""
    return await sheet_imports.load_newest(tx, programme_id, MOST_SHOWN)
