"""The address book from a spreadsheet: tried first, and only imported when nothing in it is wrong."""

from __future__ import annotations

import base64
import binascii

from services.enrollment.adapters import organisations
from services.enrollment.adapters.spreadsheet import SpreadsheetError, read_table
from services.enrollment.domain.address_book import changed, read_rows
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ImportAddresses(Command):
    """`content` is the .xlsx or CSV file in base64. A dry run says what would happen and changes nothing."""

    content: str
    dry_run: bool = True


async def import_addresses(tx: Tx, command: ImportAddresses) -> Answer:
    """Refused 422 `address_book_wrong` with every error at its row and column; then nothing is imported."""
    try:
        heading, rows = read_table(base64.b64decode(command.content, validate=True))
    except binascii.Error as error:
        raise Refused("not_base64", "Indholdet skal være base64.", status=422, field="content") from error
    except SpreadsheetError as error:
        raise Refused("unreadable_file", str(error), status=422, field="content") from error
    changes, findings = read_rows(heading, rows, await organisations.codes(tx))
    if findings:
        raise Refused(
            "address_book_wrong",
            f"Intet er indlæst: {len(findings)} fejl skal rettes først.",
            status=422,
            errors=[
                {"field": f"content:{one.row}:{one.column}", "code": "wrong_cell", "detail": str(one)}
                for one in findings
            ],
        )

    book = await organisations.by_code(tx, [one.code for one in changes])
    after = [changed(book[one.code], one) for one in changes]
    differing = [entry for entry in after if entry != book[entry.organisation.code]]

    if not command.dry_run:
        await organisations.save(tx, differing)
    return Answer({"rows": len(changes), "changed": len(differing), "dry_run": command.dry_run})
