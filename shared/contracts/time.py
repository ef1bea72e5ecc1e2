"""Days and clock times in Europe/Copenhagen, instants in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def local(day: date, clock: time) -> datetime:
    """The UTC instant when clocks in Denmark show `clock` on `day`.

    In the hour that is skipped in March the clock time is read as before the change; in the hour that comes twice in
    October the first one is meant (PEP 495, fold=0).
    """
    return datetime.combine(day, clock, tzinfo=COPENHAGEN).astimezone(UTC)


def start_of_day(day: date) -> datetime:
    """The UTC instant of 00:00 in Denmark."""
    return local(day, time(0))


def day_of(instant: datetime) -> date:
    """The day in Denmark that `instant` falls on."""
    return instant.astimezone(COPENHAGEN).date()
