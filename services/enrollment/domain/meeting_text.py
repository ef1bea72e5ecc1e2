"""A meeting's time and place as people read them."""

from __future__ import annotations

from shared.contracts.danish import clock_span, day_span
from shared.contracts.scheduling import Meeting
from shared.contracts.time import COPENHAGEN

_MODES = {"physical": "", "virtual": "digitalt møde", "hybrid": "fysisk og digitalt"}


def when_text(meeting: Meeting) -> str:
    """Torsdag den 15. april 2021 kl. 9.30-15.00; without a date it says so."""
    when = meeting.when
    if when is None:
        return "Datoen er ikke fastsat endnu"
    days = day_span(when.first_day, when.last_day)
    text = days[0].upper() + days[1:]
    if when.starts_at is None or when.ends_at is None:
        return f"{text} (klokkeslæt følger)"
    starts, ends = when.starts_at.astimezone(COPENHAGEN), when.ends_at.astimezone(COPENHAGEN)
    return f"{text} {clock_span(starts.time(), ends.time())}"


def where_text(meeting: Meeting) -> str:
    """The place, or that it is online; empty when neither is known."""
    return ", ".join(part for part in (meeting.place or "", _MODES[meeting.mode]) if part)
