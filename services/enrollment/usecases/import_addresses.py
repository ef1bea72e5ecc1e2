"""The address book from a spreadsheet: tried first, and only imported when nothing in it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from services.enrollment.adapters import organisations
from services.enrollment.adapters.spreadsheet import require_table
from services.enrollment.domain.address_book import Change, Difference, Entry, changed, differences, require_rows
from services.enrollment.usecases.let_in import let_waiting_in
from services.enrollment.usecases.write_to_members import write_to_members
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE
from shared.contracts.event import Command
from shared.storage.tx import Tx


class ImportAddresses(Command):
    """`content` is the .xlsx or CSV file in base64. A dry run says what each row changes and keeps nothing."""

    content: str = Field(max_length=LONGEST_FILE)
    dry_run: bool = True


async def import_addresses(tx: Tx, command: ImportAddresses) -> Answer:
    heading, rows = await require_table(command.content)
    changes = require_rows(heading, rows, await organisations.load_codes(tx))
    book = await organisations.lock_many(tx, [one.code for one in changes])

    after, told = dict(book), []
    for one in changes:
        before = after[one.code]
        after[one.code] = changed(before, one).after
        if found := differences(before, after[one.code], one.unit):
            told.append(_said(one, before, found))

    differing = [entry for code, entry in after.items() if entry != book[code]]
    if not command.dry_run:
        await organisations.save(tx, differing)
        await let_waiting_in(tx, differing)
        await write_to_members(tx, differing)
    return Answer(
        {"rows": len(changes), "changed": len(differing), "dry_run": command.dry_run, "differences": told},
    )


def _said(change: Change, entry: Entry, found: Sequence[Difference]) -> dict[str, Any]:
    return {
        "row": change.row,
        "code": change.code,
        "name": entry.organisation.name,
        "unit": change.unit,
        "columns": [{"column": one.column, "was": one.was, "becomes": one.becomes, "text": str(one)} for one in found],
    }
