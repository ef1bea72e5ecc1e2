"""A sheet of enrolments that is read in by steps: first each municipality has its place, as they came in, and then the
people have their seats, as they stand in the sheet. So it comes to what it would come to all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.enrollment.domain.enrolment_sheet import CameTo, Outcome, Row, came_to
from shared.contracts.decision import Alarm, Decision
from shared.contracts.refusal import Refused

IMPORT = "import"
"""Timer, keyed by the import: the next of its rows are to be written. It rings at once."""
IMPORTS_AT_ONCE = 1
ROWS_AT_ONCE = 100
SEATS_AT_ONCE = 500
"""Rows, and people at meetings, that one transaction writes at most."""

Due = Literal["place", "seats"]


@dataclass(frozen=True, slots=True)
class SheetImport:
    """`rows` is how many the sheet has; `over_at` None = some of them are still to be written."""

    id: str
    programme_id: str
    sha256: str
    mail: bool
    rows: int
    begun_at: datetime
    over_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A row, what is `due` of it next (None = nothing any more), and what came of it so far."""

    row: Row
    due: Due | None
    turn: int
    outcomes: tuple[Outcome, ...] = ()

    @property
    def came_to(self) -> CameTo | None:
        return came_to(self.outcomes) if self.due is None else None


def begin(new: SheetImport, rows: Sequence[Row]) -> tuple[Decision[SheetImport], tuple[Step, ...]]:
    came = {row.number: (row.wish.received_at or new.begun_at, row.number) for row in rows if row.wish is not None}
    turns = {number: turn for turn, number in enumerate(sorted(came, key=came.__getitem__))}
    steps = tuple(
        Step(row, "place", turns[row.number]) if row.is_contact else Step(row, "seats", row.number) for row in rows
    )
    return Decision(new, alarms=(Alarm(IMPORT, new.id, new.begun_at),)), steps


def require_none_under_way(going: SheetImport | None, sha256: str) -> SheetImport | None:
    """The same sheet that is under way already, whoever began it; Refused 409 `import_under_way` when it is another."""
    if going is not None and going.sha256 != sha256:
        detail = "Et andet ark indlæses i forløbet nu. Vent, til det er færdigt, og indlæs så dette."
        raise Refused("import_under_way", detail, field="content")
    return going


def require_known(found: SheetImport | None, programme_id: str) -> SheetImport:
    if found is None or found.programme_id != programme_id:
        raise Refused("unknown_import", "Indlæsningen findes ikke i forløbet.", status=404)
    return found


def rows_at_once(meetings: int) -> int:
    """`meetings`: how many each row may ask for."""
    return max(1, min(ROWS_AT_ONCE, SEATS_AT_ONCE // max(1, meetings)))


def alike(steps: Sequence[Step]) -> list[Step]:
    """The first ones, of which the same is due."""
    return [one for one in steps if one.due == steps[0].due]


def written(step: Step, outcomes: Sequence[Outcome]) -> Step:
    """What was due has been done. A contact who comes to meetings has a seat to get yet."""
    seats_next = step.due == "place" and step.row.comes
    return replace(
        step,
        due="seats" if seats_next else None,
        turn=step.row.number,
        outcomes=(*step.outcomes, *outcomes),
    )


def given_up(step: Step, outcome: Outcome) -> Step:
    """Nothing more can be written."""
    return replace(step, due=None, outcomes=(*step.outcomes, outcome))


def go_on(one: SheetImport, now: datetime, *, more: bool) -> Decision[SheetImport]:
    if more:
        return Decision(one, alarms=(Alarm(IMPORT, one.id, now),))
    return Decision(replace(one, over_at=max(now, one.begun_at)))
