"""Days and clock times in Europe/Copenhagen, instants in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


_FIRST, _LAST = date.min.toordinal() + 1, date.max.toordinal() - 1
"""One day inside the calendar's ends, so that every day has an instant in every zone."""


def days_after(day: date, count: int) -> date:
    """The day that is so many days later (negative: earlier), and never beyond the calendar's ends."""
    return date.fromordinal(max(_FIRST, min(day.toordinal() + count, _LAST)))


def day_after(day: date) -> date:
    """Tomorrow, as seen from `day`; the calendar's last day has none and stands for itself."""
    return days_after(day, 1)


def local(day: date, clock: time) -> datetime:
    """The UTC instant when clocks in Denmark show `clock` on `day`.

    In the hour that is skipped in March the clock time is read as before the change; in the hour that comes twice in
    October the first one is meant (PEP 495, fold=0). A day at an end of the calendar stands for its neighbour.
    """
    return datetime.combine(days_after(day, 0), clock, tzinfo=COPENHAGEN).astimezone(UTC)


def start_of_day(day: date) -> datetime:
    """The UTC instant of 00:00 in Denmark."""
    return local(day, time(0))


def day_of(instant: datetime) -> date:
    """The day in Denmark that `instant` falls on."""
    return instant.astimezone(COPENHAGEN).date()
