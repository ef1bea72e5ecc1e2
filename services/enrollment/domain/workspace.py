"""What the organiser's people see first: which programmes are going on, and what in them waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from services.enrollment.domain.programme import Programme, end_of, ended, last_day_of
from services.enrollment.domain.waiting_list import Waiting, why_nobody
from shared.contracts.danish import short_day

NAMED = 5
"""Of each kind so many are named; all of them are counted."""
FORBEHOLD_DAYS = 30
"""An open forbehold is shown so long before the day on which it is expected to be answered, or on which it lapses."""
DEADLINE_DAYS = 14
"""An invitation without an answer is shown so long before the deadline of its programme."""


@dataclass(frozen=True, slots=True)
class Current:
    """A programme that is not called off, as far as the workspace shows it. `usual` None = it has no capacity.

    `holds_until`: the last day on which an open forbehold holds a place, for the whole programme; None = without an
    end, which `holds_always` says of every one of them, whatever was agreed. `costs`: whoever signs up may come to owe
    something; `has_options`: they may, whatever was agreed with their place.
    """

    id: str
    title: str
    published_on: date
    starts: str
    ends: str
    deadline: date | None
    next_meeting: date | None
    last_meeting: date | None
    undated: int
    taken: int
    places: int | None
    usual: int | None
    holds_always: bool
    holds_until: date | None
    costs: bool
    has_options: bool

    @property
    def last_day(self) -> date | None:
        return end_of(self.ends, self.deadline, self.last_meeting)

    @property
    def first_day(self) -> date:
        begins = first_day_of(self.starts)
        return self.published_on if begins is None else min(begins, self.published_on)

    @property
    def is_beyond_usual(self) -> bool:
        """Whether as many places are taken as staff usually give, or more."""
        return self.usual is not None and self.taken >= self.usual

    @property
    def free(self) -> int | None:
        """None = as many as sign up."""
        return None if self.places is None else max(0, self.places - self.taken)


@dataclass(frozen=True, slots=True)
class One:
    """One of a kind. `there`: how many of the kind its programme has; `count`: what is told of it in numbers."""

    programme_id: str
    id: str
    organisation: str
    there: int
    since: datetime | None = None
    day: date | None = None
    until: date | None = None
    count: tuple[int, int] = (0, 0)
    is_member: bool = False


class Found(NamedTuple):
    """The first of a kind, and how many there are in all."""

    named: tuple[One, ...]
    total: int


class Counts(NamedTuple):
    """Of a programme's enrolments."""

    waiting: Waiting
    with_forbehold: int


def first_day_of(text: str) -> date | None:
    """Of `YYYY-MM`, or the day itself; None of nothing."""
    return last_day_of(text).replace(day=int(text[8:] or 1)) if text else None


def goes_on(one: Current, today: date) -> bool:
    """Also when its deadline is the last day that is known, as long as a meeting is still to get its date."""
    return one.undated > 0 or not ended(one.ends, one.deadline, one.last_meeting, today)


def forbehold_by(today: date) -> date:
    return today + timedelta(days=FORBEHOLD_DAYS)


def closes_soon(one: Current, today: date) -> bool:
    return one.deadline is not None and today <= one.deadline <= today + timedelta(days=DEADLINE_DAYS)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on a programme's time: after so many per mille of it."""

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Course:
    """Where a programme is on its time, as words; and as a line from 0 to 1000, unless it has no end."""

    words: tuple[str, ...]
    marks: tuple[Mark, ...]
    today: int | None


def course(one: Current, today: date) -> Course:
    first, last = one.first_day, one.last_day
    words = [*_of_deadline(one, today), *_of_meetings(one, today)]
    if last is not None:
        words.append(f"slutter {short_day(last)}" if today <= last else f"sluttede {short_day(last)}")
    if last is None or last <= first:
        return Course(tuple(words), (), None)
    days = (last - first).days

    def at(day: date) -> int:
        return max(0, min(1000, (day - first).days * 1000 // days))

    known = (("deadline", one.deadline), ("meeting", one.next_meeting))
    return Course(tuple(words), tuple(Mark(at(day), what) for what, day in known if day is not None), at(today))


def _of_deadline(one: Current, today: date) -> list[str]:
    if one.deadline is None:
        return []
    open_still = today <= one.deadline
    return [f"tilmelding åben til og med {short_day(one.deadline)}" if open_still else "tilmelding lukket"]


def _of_meetings(one: Current, today: date) -> list[str]:
    if one.next_meeting is not None:
        return [f"næste møde {'i dag' if one.next_meeting == today else short_day(one.next_meeting)}"]
    if one.undated:
        return ["1 møde uden dato"] if one.undated == 1 else [f"{one.undated} møder uden dato"]
    return []


def why_they_wait(programme: Programme, waiting: Waiting, now: datetime) -> str:
    """A waiting list, and free places: why nobody has moved up, as a sentence."""
    why = why_nobody(programme, waiting, now)
    return why or "Intet står i vejen: de næste på listen får plads, når pladserne gives næste gang."
