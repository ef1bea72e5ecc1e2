"""The address book from a spreadsheet: tried first, and only imported when nothing in it is wrong."""

from __future__ import annotations

import base64
import binascii

from pydantic import Field

from services.enrollment.adapters import organisations
from services.enrollment.adapters.spreadsheet import SpreadsheetError, read_table
from services.enrollment.domain.address_book import changed, require_rows
from services.enrollment.domain.sheet import Cell
from services.enrollment.usecases.let_in import let_waiting_in
from services.enrollment.usecases.write_to_members import write_to_members
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ImportAddresses(Command):
    """`content` is the .xlsx or CSV file in base64. A dry run says what would happen and changes nothing."""

    content: str = Field(max_length=LONGEST_FILE)
    dry_run: bool = True


async def import_addresses(tx: Tx, command: ImportAddresses) -> Answer:
    heading, rows = await _table(command.content)
    changes = require_rows(heading, rows, await organisations.load_codes(tx))
    book = await organisations.lock_many(tx, [one.code for one in changes])

    after = dict(book)
    for one in changes:
        after[one.code] = changed(after[one.code], one).after

    differing = [entry for code, entry in after.items() if entry != book[code]]
    if not command.dry_run:
        await organisations.save(tx, differing)
        await let_waiting_in(tx, differing)
        await write_to_members(tx, differing)
    return Answer({"rows": len(changes), "changed": len(differing), "dry_run": command.dry_run})


async def _table(content: str) -> tuple[list[str], list[list[Cell]]]:
    try:
        return await read_table(base64.b64decode(content.encode(), validate=True))
    except binascii.Error as error:
        raise Refused("not_base64", "Indholdet skal være base64.", status=422, field="content") from error
    except SpreadsheetError as error:
        raise Refused("unreadable_file", str(error), status=422, field="content") from error
