"""What is worth knowing of a day that somebody picks: its weekday, and whether people are away."""

from __future__ import annotations

from datetime import date

from services.enrollment.domain.programme_file.holidays import public_holidays, quiet_days
from shared.contracts.danish import long_day, month_name

_SCHOOL_WEEKS = {7: "vinterferie i mange kommuner", 8: "vinterferie i mange kommuner", 42: "efterårsferie"}
"""By ISO week. Each municipality sets its winter holiday itself; the autumn holiday is week 42 everywhere."""
_FIRST, _LAST = 2000, 2099


def day_notes(text: str) -> str:
    """Fredag den 14. oktober 2016 · efterårsferie (uge 41): of a day; the name of a month; empty for anything else."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2016-10-14") else None
        month = month_name(text) if len(text) == len("2016-10") else ""
    except (ValueError, IndexError):
        return ""
    if day is None:
        return month
    if not _FIRST <= day.year <= _LAST:
        return long_day(day)
    week = day.isocalendar().week
    known = public_holidays(day.year).get(day) or quiet_days(day.year).get(day)
    away = f"{_SCHOOL_WEEKS[week]} (uge {week})" if week in _SCHOOL_WEEKS else ""
    return " · ".join(filter(None, (long_day(day), known, away)))
