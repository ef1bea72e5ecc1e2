"""A sheet of enrolments is read in by steps, as many rows at a time as one transaction should write."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from pydantic import Field

from services.enrollment.adapters import sheet_imports
from services.enrollment.domain.enrolment_sheet import Outcome, refused
from services.enrollment.domain.sheet_import import (
    ROWS_AT_ONCE,
    SheetImport,
    Step,
    alike,
    begin,
    given_up,
    go_on,
    require_none_under_way,
    rows_at_once,
    written,
)
from services.enrollment.usecases.enrol_rows import enrol_rows
from services.enrollment.usecases.import_enrolments import lock_frame, lock_sheet
from services.enrollment.usecases.seat_rows import seat_rows
from shared.base.answers import Answer
from shared.base.ids import new_id
from shared.contracts.bounds import LONGEST_FILE, Id
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


class BeginImport(Command):
    """As ImportEnrolments, whose dry run has shown what it comes to; it goes on by itself. `content` is base64."""

    programme_id: Id
    content: str = Field(max_length=LONGEST_FILE)
    mail: bool = False


async def begin_import(tx: Tx, command: BeginImport) -> Answer:
    """Its rows are kept until each is written. The same sheet that is under way is not begun twice."""
    _, rows = await lock_sheet(tx, command.programme_id, command.content)
    digest = sha256(f"{command.mail}:{command.content}".encode()).hexdigest()
    going = require_none_under_way(await sheet_imports.load_under_way(tx, command.programme_id), digest)
    if going is not None:
        return Answer({"import_id": going.id, "rows": going.rows}, status=200)

    new = SheetImport(new_id(), command.programme_id, digest, command.mail, len(rows), tx.now)
    decided, steps = begin(new, rows)

    await sheet_imports.insert(tx, decided.after, steps)
    tx.tell(decided)
    return Answer({"import_id": new.id, "rows": new.rows})


async def go_on_importing(tx: Tx, timers: Sequence[Timer]) -> None:
    """The next rows of each; the timer rings again for the rest."""
    for timer in timers:
        one = await sheet_imports.load(tx, timer.key)
        if one is not None and one.over_at is None:
            await _write(tx, one, timer)


async def _write(tx: Tx, one: SheetImport, timer: Timer) -> None:
    """Programme, people and enrolments are locked before the rows, as whoever begins an import locks them."""
    ahead = await sheet_imports.load_due(tx, one.id, ROWS_AT_ONCE)
    try:
        frame = await lock_frame(tx, one.programme_id, {step.row.code for step in ahead})
    except Refused as no:
        await _give_up(tx, one, refused(no), timer)
        return
    steps = await sheet_imports.lock_due(tx, one.id, rows_at_once(len(frame.meetings)))
    # Whoever was erased meanwhile is gone, and others may stand there of whom nothing is known here yet.
    known = [step for step in steps if step.row.code in frame.book]
    done = alike(known) if known else []
    rows, outcomes = [step.row for step in done], {step.row.number: list[Outcome]() for step in done}
    if done and done[0].due == "place":
        await enrol_rows(tx, frame, rows, outcomes, timer.cause, quiet=not one.mail)
    elif done:
        await seat_rows(tx, frame, frame.standing, rows, outcomes, timer.cause, quiet=not one.mail)

    after = [written(step, outcomes[step.row.number]) for step in done]
    await _save(tx, one, after, timer)


async def _give_up(tx: Tx, one: SheetImport, outcome: Outcome, timer: Timer) -> None:
    steps = await sheet_imports.lock_due(tx, one.id, tx.room)
    await _save(tx, one, [given_up(step, outcome) for step in steps], timer)


async def _save(tx: Tx, one: SheetImport, after: Sequence[Step], timer: Timer) -> None:
    tx.take_on(len(after))
    await sheet_imports.save_steps(tx, one.id, after)
    more = bool(await sheet_imports.load_due(tx, one.id, 1))

    decided = go_on(one, tx.now, more=more)

    await sheet_imports.save(tx, decided.after)
    tx.tell(decided, because=timer.cause)
