"""How long people are kept: so many days after the end of the last thing that they are part of.

A programme ends on the last day that anybody knows of it; whoever is put in later is kept as long from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from services.enrollment.domain.programme import last_day_of
from shared.contracts.decision import Alarm
from shared.contracts.time import day_after, day_of, days_after, local, start_of_day

FORGET_PAST = "people_forget_past"
"""The timer in which everybody who is known is looked at."""
NIGHTLY, REST = "nightly", "rest"
"""Its keys: the beginning of each night, and what is left of one."""
AT_NIGHT = time(3)
"""In Denmark."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What tells when a programme ended. `ends` is its period's, as its file has it; `last_meeting` is that of those
    which are not off; `waits_for_date`: one of them has no day yet.
    """

    programme_id: str
    open: bool = True
    ends: str | None = None
    deadline: date | None = None
    last_meeting: date | None = None
    waits_for_date: bool = False
    cancelled_at: datetime | None = None


def ended_on(ending: Ending) -> date | None:
    """Its last day; None = it goes on, as far as anybody knows.

    Called off it ended on that day, or with a meeting that took place all the same. A meeting that has no day yet
    keeps it alive, and so does that it names no day at all.
    """
    if not ending.open:
        off = None if ending.cancelled_at is None else day_of(ending.cancelled_at)
        return max((day for day in (off, ending.last_meeting) if day is not None), default=None)
    if ending.waits_for_date:
        return None
    period = last_day_of(ending.ends) if ending.ends else None
    return max((day for day in (period, ending.deadline, ending.last_meeting) if day is not None), default=None)


def kept_since(keep_days: int, now: datetime) -> datetime:
    """What ended before this instant ended more than so many days ago, in days of Denmark."""
    return start_of_day(days_after(day_of(now), -keep_days))


def past(endings: Iterable[Ending], keep_days: int, now: datetime) -> list[str]:
    """The programmes that ended more than so many days ago."""
    since = day_of(kept_since(keep_days, now))
    return [one.programme_id for one in endings if (end := ended_on(one)) is not None and end < since]


def nightly(keep_days: int, now: datetime) -> Alarm:
    """The next night in which people are looked at, and by which rule."""
    today = local(day_of(now), AT_NIGHT)
    due = today if now < today else local(day_after(day_of(now)), AT_NIGHT)
    return Alarm(FORGET_PAST, NIGHTLY, due, {"keep_days": keep_days})


def rest_of_night(keep_days: int, beyond: str, now: datetime) -> Alarm:
    """Whoever comes after this address is looked at next, at once."""
    return Alarm(FORGET_PAST, REST, now, {"keep_days": keep_days, "beyond": beyond})
