"""How long people are kept: so many days after the end of the last thing that they are part of.

A programme ends on the last day that anybody knows of it; whoever is put in later is kept as long from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from services.enrollment.domain.programme import OFFICE_OPENS, Programme, last_day_of
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import ProgrammeAwaitsArchive
from shared.contracts.time import day_after, day_of, days_after, local, start_of_day

FORGET_PAST = "people_forget_past"
"""The timer in which everybody who is known is looked at."""
NIGHTLY = "nightly"
"""Its key."""
AT_NIGHT = time(3)
"""In Denmark."""
LONGEST_PAUSE = 30
"""Days from one look to the next."""
ARCHIVE_AWAITED = "archive_awaited"
"""The timer of a programme whose people are kept for its archive; its key is the programme's id."""
ASKED_EVERY = 30
"""Days from one time that staff are told of it to the next."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What tells when a programme ended. `ends` is its period's, as its file has it; `last_meeting` is that of those
    which are not off; `waits_for_date`: one of them has no day yet. `archives`: its papers are handed over to an
    archive first, for which they were last read at `archived_at`, and nothing was decided since.
    """

    programme_id: str
    open: bool = True
    ends: str | None = None
    deadline: date | None = None
    last_meeting: date | None = None
    waits_for_date: bool = False
    cancelled_at: datetime | None = None
    archives: bool = False
    archived_at: datetime | None = None


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


def awaits_archive(ending: Ending) -> bool:
    """Whether an archive is to have its papers, and has not got them as they were when it was over."""
    end = ended_on(ending)
    return ending.archives and end is not None and (ending.archived_at is None or day_of(ending.archived_at) <= end)


def kept_since(keep_days: int, now: datetime) -> datetime:
    """What ended before this instant ended more than so many days ago, in days of Denmark."""
    return start_of_day(days_after(day_of(now), -keep_days))


def past(endings: Iterable[Ending], keep_days: int, now: datetime) -> list[str]:
    """The programmes that ended more than so many days ago."""
    since = day_of(kept_since(keep_days, now))
    return [one.programme_id for one in endings if (end := ended_on(one)) is not None and end < since]


def done_with(endings: Iterable[Ending], keep_days: int, now: datetime) -> list[str]:
    """Those of the past ones of which no archive waits for the papers: nobody is forgotten before it has them."""
    return past((one for one in endings if not awaits_archive(one)), keep_days, now)


def awaited(endings: Iterable[Ending], keep_days: int, now: datetime) -> list[str]:
    """Those of the past ones whose people are kept because an archive has not got the papers."""
    return past((one for one in endings if awaits_archive(one)), keep_days, now)


def not_asked(endings: Iterable[Ending], keep_days: int, now: datetime) -> list[Alarm]:
    """Of those with an archive of which nobody is kept for it alone: a longer time holds also where a shorter one had
    staff asked.
    """
    with_archive = [one for one in endings if one.archives]
    asked = set(awaited(with_archive, keep_days, now))
    return [Alarm(ARCHIVE_AWAITED, one.programme_id, None) for one in with_archive if one.programme_id not in asked]


def asking(programme_id: str, keep_days: int, now: datetime) -> Alarm:
    """At the next nine o'clock in Denmark staff are told that an archive waits, if it still does."""
    today = local(day_of(now), OFFICE_OPENS)
    due = today if now < today else local(day_after(day_of(now)), OFFICE_OPENS)
    return Alarm(ARCHIVE_AWAITED, programme_id, due, {"keep_days": keep_days})


def ask(ending: Ending, programme: Programme, keep_days: int, now: datetime) -> Decision[None]:
    """Told where its people are kept for the archive alone, and so again in `ASKED_EVERY` days; else not at all.

    The next look at people finds out whether it waits anew.
    """
    end = ended_on(ending)
    if end is None or not awaited([ending], keep_days, now):
        return Decision(None)
    fact = ProgrammeAwaitsArchive(
        owner=programme.ref.owner, programme=programme.ref, ended_on=end, kept_since=over_on(end, keep_days)
    )
    again = replace(asking(programme.id, keep_days, now), due=local(days_after(day_of(now), ASKED_EVERY), OFFICE_OPENS))
    return Decision(None, (fact,), (again,))


def nightly(keep_days: int, now: datetime) -> Alarm:
    """The next night, in which people are looked at by this rule."""
    today = local(day_of(now), AT_NIGHT)
    due = today if now < today else local(day_after(day_of(now)), AT_NIGHT)
    return Alarm(FORGET_PAST, NIGHTLY, due, {"keep_days": keep_days})


def over_on(last_day: date, keep_days: int) -> date:
    """The first day on which so many days have gone by since."""
    return days_after(last_day, keep_days + 1)


def first_due(endings: Iterable[Ending], keep_days: int, now: datetime) -> date | None:
    """The first day on which another programme is past, as far as anybody knows."""
    since = day_of(kept_since(keep_days, now))
    ends = [end for one in endings if (end := ended_on(one)) is not None and end >= since]
    return over_on(min(ends), keep_days) if ends else None


def sooner(first: str | None, kept: Iterable[datetime | None], keep_days: int) -> date | None:
    """`first`, or the day on which the time of one of these is over who came after an end, whichever is sooner."""
    days = [over_on(day_of(one), keep_days) for one in kept if one is not None]
    return min([*days, *([date.fromisoformat(first)] if first else [])], default=None)


def next_look(first: date | None, keep_days: int, now: datetime) -> Alarm:
    """The night of the day on which anybody's time is over first, or the next one; the last one that is waited for is
    that in a month, for an end may be moved back.
    """
    tomorrow, in_a_month = day_after(day_of(now)), days_after(day_of(now), LONGEST_PAUSE)
    day = in_a_month if first is None else max(tomorrow, min(first, in_a_month))
    return Alarm(FORGET_PAST, NIGHTLY, local(day, AT_NIGHT), {"keep_days": keep_days})


def rest_of_night(keep_days: int, beyond: str, first: date | None, now: datetime) -> Alarm:
    """Whoever comes after this address is looked at next, at once."""
    said = {"keep_days": keep_days, "beyond": beyond, "first": first and first.isoformat()}
    return Alarm(FORGET_PAST, NIGHTLY, now, said)
