"""The address book from a spreadsheet: tried first, and only imported when nothing in it is wrong."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from services.enrollment.adapters import organisations
from services.enrollment.adapters.spreadsheet import require_table
from services.enrollment.domain.address_book import Said, in_turn, require_rows, require_seen
from services.enrollment.usecases.write_entries import write_entries
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE, Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class ImportAddresses(Command):
    """`content` is the .xlsx or CSV file in base64. A dry run says what each row changes and keeps nothing.

    `seen` is what somebody was shown that it would change: another thing by now is refused (None = whatever it is).
    """

    content: str = Field(max_length=LONGEST_FILE)
    dry_run: bool = True
    seen: Id | None = None


async def import_addresses(tx: Tx, command: ImportAddresses) -> Answer:
    heading, rows = await require_table(command.content)
    changes = require_rows(heading, rows, await organisations.load_codes(tx))
    book = await organisations.lock_many(tx, [one.code for one in changes])

    after, found = in_turn(book, changes)

    told = [_said(one) for one in found if one.differences]
    require_seen(found, command.seen)
    differing = [(book[code], entry) for code, entry in after.items() if entry != book[code]]
    if not command.dry_run:
        await write_entries(tx, differing)
    return Answer(
        {"rows": len(changes), "changed": len(differing), "dry_run": command.dry_run, "differences": told},
    )


def _said(one: Said) -> dict[str, Any]:
    return {
        "row": one.change.row,
        "code": one.change.code,
        "name": one.name,
        "unit": one.change.unit,
        "columns": [
            {"column": part.column, "was": part.was, "becomes": part.becomes, "text": str(part)}
            for part in one.differences
        ],
    }
