"""What staff should know about a meeting before they decide, and what it still lacks. Nothing here refuses anything.

Days are local in Europe/Copenhagen, instants are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from services.scheduling.domain.meeting import Standing
from services.scheduling.domain.outline import Outline, in_words
from shared.contracts.danish import clock_span, day_span, listed, long_day, month_name
from shared.contracts.danish_days import said_of_days
from shared.contracts.programme import MeetingPlan
from shared.contracts.scheduling import (
    Meeting,
    MeetingCancelled,
    MeetingFact,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    When,
)
from shared.contracts.time import COPENHAGEN, days_after

AHEAD = timedelta(days=60)
"""So long before the first day of the month in which it is planned, a meeting should have its date."""
MOST_NAMED = 3
MODE_TITLES = {"physical": "Fysisk", "virtual": "Digitalt", "hybrid": "Fysisk og digitalt"}


def warnings(when: When, outline: Outline, beside: Sequence[str], now: datetime) -> tuple[str, ...]:
    """What speaks against this date, in sentences. `beside`: titles of the programme's other meetings on its days."""
    said = list(said_of_days(when.first_day, when.last_day))
    if when.over_at <= now:
        said.append("Mødet ligger i fortiden: det tæller som afholdt, så snart dagen er omme.")
    begins, ends = outline.begins, outline.is_over
    if begins is not None and when.first_day < begins:
        said.append(f"Mødet ligger, før forløbet begynder ({in_words(outline.starts)}).")
    if ends is not None and when.last_day > ends:
        said.append(f"Mødet ligger, efter forløbet slutter ({in_words(outline.ends)}).")
    if beside:
        named = list(beside[:MOST_NAMED])
        more = len(beside) - MOST_NAMED
        said.append(f"Forløbet har også dette samme dag: {listed([*named, f'{more} til'] if more > 0 else named)}.")
    return tuple(said)


def lacks(standing: Standing, today: date) -> tuple[str, ...]:
    """What is missing from a meeting that is to come: its date, when it should have one by now; its place; its link."""
    meeting = standing.meeting
    if standing.over:
        return ()
    if meeting.when is None:
        return ("dato",) if should_have_a_date(standing.plan, today) else ()
    found = []
    if meeting.mode != "virtual" and not meeting.place:
        found.append("sted")
    if meeting.mode != "physical" and not meeting.link:
        found.append("link")
    return tuple(found)


def should_have_a_date(plan: MeetingPlan | None, today: date) -> bool:
    """It is planned for a month that begins within AHEAD, or is over."""
    return plan is not None and plan.month is not None and plan.month <= f"{days_after(today, AHEAD.days):%Y-%m}"


def when_text(meeting: Meeting, plan: MeetingPlan | None) -> str:
    """As precisely as it is known: torsdag den 15. april 2021 kl. 9.30-15.00; marts 2021; uden dato."""
    if meeting.when is not None:
        return dated_text(meeting.when)
    if plan is None:
        return "Uden dato"
    parts = [
        month_name(plan.month).capitalize() if plan.month else "Uden dato",
        *([plan.note.rstrip(".")] if plan.note else ()),
        *(["når det foregående er nået"] if plan.after and not plan.note else ()),
    ]
    return parts[0] if len(parts) == 1 else f"{parts[0]} ({', '.join(parts[1:])})"


def dated_text(when: When) -> str:
    days = day_span(when.first_day, when.last_day)
    text = days[0].upper() + days[1:]
    if when.starts_at is None or when.ends_at is None:
        return f"{text} (klokkeslæt følger)"
    starts, ends = when.starts_at.astimezone(COPENHAGEN), when.ends_at.astimezone(COPENHAGEN)
    return f"{text} {clock_span(starts.time(), ends.time())}"


WHAT: dict[type[MeetingFact], str] = {
    MeetingPlanned: "planned",
    MeetingScheduled: "dated",
    MeetingRescheduled: "moved",
    MeetingCancelled: "cancelled",
    MeetingHeld: "held",
}
"""What a fact says of a meeting, in a word for programs."""


def describe_change(fact: MeetingFact) -> dict[str, str | None]:
    """What becomes of the meeting; `before` and `after` say in Danish when and where it is, None where it has no day.

    What is told again without being another day or place, such as its title, has the same on both sides.
    """
    meeting, what = fact.meeting, WHAT[type(fact)]
    now = None if meeting.when is None else _when_and_where(meeting.when, meeting.place)
    before: str | None = None
    if isinstance(fact, MeetingRescheduled):
        before = dated_text(fact.previous)
    elif isinstance(fact, MeetingCancelled):
        before, now = now, None
    return {"meeting_id": meeting.id, "title": meeting.title, "what": what, "before": before, "after": now}


def _when_and_where(when: When, place: str | None) -> str:
    return f"{dated_text(when)}, {place}" if place else dated_text(when)


def who_hears(before: Meeting, after: When | None) -> tuple[str, ...]:
    """What follows for people when a meeting has this date, in sentences; nothing when nothing changes."""
    who = "De kontakter, mødet er for," if before.roles else "Alle, der er inviteret til mødet,"
    if before.when is None:
        come = "De kontakter, mødet er for," if before.roles else "Alle, der skal med,"
        return (f"{come} får en invitation til deres kalender, og påmindelserne sættes op.",)
    if after is None:
        return (f"{who} får aflysningen i deres kalender, og ingen bliver mindet om det.",)
    return (f"{who} får deres kalender opdateret, og påmindelserne stilles efter den nye tid.",)


def held_text(held_on: date) -> str:
    return f"Afholdt {long_day(held_on)}"
