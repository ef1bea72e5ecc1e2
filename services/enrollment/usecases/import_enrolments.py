"""Enrolments with their people from a spreadsheet: tried first, and imported when nothing in it is written wrongly.

A dry run is the import itself, undone: so it says what the rules say of these rows, and cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from pydantic import Field

from services.enrollment.adapters import enrolments, meetings, organisations, people, programmes
from services.enrollment.adapters.spreadsheet import require_table
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.enrolment_sheet import Frame, Outcome, Row, came_to, codes_of, in_words, require_rows
from services.enrollment.domain.sign_up import require_offer
from services.enrollment.usecases.enrol_rows import enrol_rows
from services.enrollment.usecases.seat_rows import seat_rows
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE, Id
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ImportEnrolments(Command):
    """`content` is the .xlsx or CSV file in base64. A dry run says what would happen and changes nothing.

    Without `mail` nobody is written to because of it; of what comes later everybody hears as always.
    """

    programme_id: Id
    content: str = Field(max_length=LONGEST_FILE)
    dry_run: bool = True
    mail: bool = False


class _Undone(Exception):  # noqa: N818  (no error: what was tried is undone)
    pass


async def import_enrolments(tx: Tx, command: ImportEnrolments) -> Answer:
    """A row that may not have what it asks for says so, and holds none of the others back."""
    frame, rows = await lock_sheet(tx, command.programme_id, command.content)
    outcomes: dict[int, list[Outcome]] = {row.number: [] for row in rows}
    with suppress(_Undone):
        async with tx.savepoint():
            standing = await enrol_rows(tx, frame, rows, outcomes, tx.cause, quiet=not command.mail)
            await seat_rows(tx, frame, standing, rows, outcomes, tx.cause, quiet=not command.mail)
            if command.dry_run:
                raise _Undone
    return Answer(
        {
            "rows": len(rows),
            "changed": sum(any(one.changes for one in outcomes[row.number]) for row in rows),
            "refused": sum(any(one.is_refused for one in outcomes[row.number]) for row in rows),
            "dry_run": command.dry_run,
            "mail": command.mail,
            "outcomes": [_said(row, frame, outcomes[row.number]) for row in rows],
        }
    )


async def lock_sheet(tx: Tx, programme_id: str, content: str) -> tuple[Frame, tuple[Row, ...]]:
    """What a file in base64 is about and asks for. Refused 403 for whoever is not staff, 422 with all that is wrong."""
    if tx.cause.client is not None or tx.cause.is_person:
        raise Refused("not_yours_to_say", "Tilmeldinger indlæses af staben.", status=403)
    heading, table = await require_table(content)
    frame = await lock_frame(tx, programme_id, codes_of(heading, table))
    return frame, require_rows(heading, table, frame, tx.now)


async def lock_frame(tx: Tx, programme_id: str, codes: Collection[str]) -> Frame:
    """Programme, then enrolments, as whoever gives places locks them; before both, that no other import goes on.

    Two of them may name the same people: whoever is a contact in the one comes to meetings in the other.
    """
    await people.lock_naming_many(tx)
    locked = await programmes.lock_many(tx, [programme_id])
    programme = require_offer(locked.get(programme_id), None, tx.source)
    held = await enrolments.lock_many(tx, [enrolment_id(programme_id, code) for code in codes])
    return Frame(
        programme=programme,
        source=tx.source,
        book=await organisations.load_many(tx, codes),
        standing={one.organisation.code: one for one in held.values()},
        meetings=await meetings.load_of_programme(tx, programme_id),
    )


def _said(row: Row, frame: Frame, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Who it is about stands in the file, by the row's number."""
    return {
        "row": row.number,
        "organisation": {"code": row.code, "name": frame.book[row.code].organisation.name},
        "role": row.role,
        "came_to": came_to(outcomes),
        "text": in_words(outcomes),
        "outcomes": [
            {"code": one.code, "text": one.text, "column": one.column, "changes": one.changes} for one in outcomes
        ],
    }
