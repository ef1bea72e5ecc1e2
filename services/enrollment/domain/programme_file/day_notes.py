"""What is worth knowing of a day that somebody picks: its weekday, and whether people are away."""

from __future__ import annotations

from datetime import date

from shared.contracts.danish import long_day, month_name
from shared.contracts.danish_days import closed, holiday, school_holiday


def day_notes(text: str) -> str:
    """Fredag den 22. oktober 2027 · efterårsferie i uge 42: of a day; the name of a month; empty for anything else."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2016-10-14") else None
        month = month_name(text) if len(text) == len("2016-10") else ""
    except (ValueError, IndexError):
        return ""
    if day is None:
        return month
    return " · ".join(filter(None, (long_day(day), holiday(day) or closed(day), school_holiday(day))))
