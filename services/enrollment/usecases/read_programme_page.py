"""A programme as staff see it: where it stands, its days, and how many stand where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import enrolments, meetings, overview, programmes
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.overview import counted, places_text, programme_state
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.time_line import TimeLine, time_line
from shared.contracts.time import day_of
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above every page of it. `line` is None where nothing has a day."""

    programme: Programme
    meetings: tuple[MeetingCopy, ...]
    state: str
    places: str
    line: TimeLine | None
    waiting: int
    """How many are on its waiting list."""
    now: datetime


async def read_head(tx: Tx, programme_id: str) -> Head | None:
    """None when there is no such programme."""
    programme = await programmes.load(tx, programme_id)
    if programme is None:
        return None
    known = await meetings.load_of_programme(tx, programme_id)
    last = await meetings.load_last_day(tx, programme_id)
    published, invited = await overview.load_beginning(tx, programme_id)
    began = day_of(published) if published else None
    return Head(
        programme=programme,
        meetings=known,
        state=programme_state(programme, last, tx.now),
        places=places_text(programme),
        line=time_line(programme.terms, known, began, day_of(invited) if invited else None, day_of(tx.now)),
        waiting=(await enrolments.count_waiting(tx, programme_id)).all,
        now=tx.now,
    )


@dataclass(frozen=True, slots=True)
class Concerned:
    """How many would be told if it were called off, by where they stand."""

    with_place: int
    waiting: int
    invited: int


async def read_concerned(tx: Tx, programme_id: str) -> Concerned:
    stand = counted(await overview.count_standings(tx, programme_id))
    return Concerned(stand["plads"] + stand["forbehold"], stand["venteliste"], stand["inviteret"])
