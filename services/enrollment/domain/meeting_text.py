"""A meeting's time and place as people read them."""

from __future__ import annotations

from shared.contracts.danish import clock_span, day_and_clock, day_span, long_day, month_name
from shared.contracts.programme import MeetingPlan
from shared.contracts.scheduling import Meeting, When
from shared.contracts.time import COPENHAGEN, days_after

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


def planned_text(meeting: Meeting, plan: MeetingPlan | None) -> str:
    """As `when_text`; of one without a date the month that its programme plans it in, and what that says of it."""
    if meeting.when is not None or plan is None:
        return when_text(meeting)
    month = f"{month_name(plan.month).capitalize()}, datoen er ikke fastsat endnu" if plan.month else when_text(meeting)
    return f"{month} ({plan.note.rstrip('.')})" if plan.note else month


def until_text(when: When) -> str:
    """To its beginning: til mødet begynder torsdag den 15. april 2021 kl. 9.30; without clock times to that day."""
    if when.starts_at is None:
        return f"til og med {long_day(days_after(when.first_day, -1))}"
    starts = when.starts_at.astimezone(COPENHAGEN)
    return f"til mødet begynder {day_and_clock(starts.date(), starts.time())}"


def where_text(meeting: Meeting) -> str:
    """The place, or that it is online; empty when neither is known."""
    return ", ".join(part for part in (meeting.place or "", _MODES[meeting.mode]) if part)
