"""A programme as a line of days, from its first invitation to its last meeting, for whoever plans it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import last_day_of
from services.enrollment.domain.status import meeting_status
from shared.contracts.danish import day_span, kroner, long_day, month_name
from shared.contracts.programme import MeetingPlan, ProgrammeTerms

Lane = Literal["dates", "invoices", "meetings", "milestones"]
LANES: dict[Lane, str] = {
    "dates": "Frister",
    "invoices": "Faktura",
    "meetings": "Møder",
    "milestones": "Milepæle",
}
MOST_TICKS = 4
_LAST_TICK = 85
"""Per cent; the name of one further on would stand beyond the end."""
_PAUSE = timedelta(days=7)
"""Before the first mark and after the last one, so that none stands at the edge."""
_YEAR_MONTH = len("2021-04")


@dataclass(frozen=True, slots=True)
class Mark:
    """From its first to its last day; `exact` = those days are known, and not only the month."""

    lane: Lane
    first: date
    last: date
    text: str
    when: str
    exact: bool = True
    over: bool = False
    """It was held, or it will not be."""


@dataclass(frozen=True, slots=True)
class Tick:
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """`marks` by their days; `undated` are those of which nobody knows even the month."""

    begins: date
    ends: date
    today: date
    marks: tuple[Mark, ...]
    undated: tuple[str, ...]

    def percent(self, day: date) -> float:
        """How far along the line a day stands, 0 to 100."""
        whole = (self.ends - self.begins).days
        return round(100 * min(max((day - self.begins).days, 0), whole) / whole, 2)

    @property
    def lanes(self) -> tuple[tuple[str, tuple[Mark, ...]], ...]:
        """Those that have marks, by their titles."""
        found = [(title, tuple(one for one in self.marks if one.lane == lane)) for lane, title in LANES.items()]
        return tuple(one for one in found if one[1])

    @property
    def shows_today(self) -> bool:
        return self.begins <= self.today <= self.ends

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Firsts of months, equally far from each other, and few enough to be read on a phone."""
        months = list(_months(self.begins, self.ends))
        step = -(-len(months) // MOST_TICKS) or 1
        shown = [one for one in months[::step] if self.percent(one) < _LAST_TICK]
        return tuple(Tick(one, f"{month_name(f'{one:%Y-%m}')[:3]} {one.year}") for one in shown)


def time_line(
    terms: ProgrammeTerms,
    meetings: Sequence[MeetingCopy],
    published: date | None,
    invited: date | None,
    today: date,
) -> TimeLine | None:
    """None where nothing has a day. `invited`: the first of them; None = nobody yet."""
    known = {one.meeting.key: one for one in meetings}
    marks = [
        *_dates(terms, published, invited),
        *(_on("invoices", fee.invoice_on, f"{fee.text}: {kroner(fee.amount_ore)}") for fee in terms.terms.fees),
        *(_dated(one) for one in meetings if one.meeting.when is not None),
    ]
    undated = []
    for plan in terms.meetings:
        copy = known.get(plan.key)
        if copy is not None and (copy.meeting.when is not None or copy.state == "cancelled"):
            continue
        mark = _planned(plan)
        if mark is None:
            undated.append(plan.title)
        else:
            marks.append(mark)
    planned = {plan.key for plan in terms.meetings}
    undated += [
        one.meeting.title
        for one in meetings
        if one.meeting.when is None and one.meeting.key not in planned and one.state != "cancelled"
    ]
    for one in terms.milestones:
        if one.when:
            marks.append(_of_text("milestones", one.when, one.title))
        else:
            undated.append(one.title)
    if not marks:
        return None
    marks.sort(key=lambda one: (one.first, one.last, one.lane, one.text))
    begins, ends = min(one.first for one in marks) - _PAUSE, max(one.last for one in marks) + _PAUSE
    return TimeLine(begins, ends, today, tuple(marks), tuple(undated))


def _dates(terms: ProgrammeTerms, published: date | None, invited: date | None) -> Iterator[Mark]:
    plan, term = terms.enrolment, terms.enrolment.forbehold
    if published is not None:
        yield _on("dates", published, "Forløbet blev offentliggjort")
    if invited is not None:
        yield _on("dates", invited, "De første blev inviteret")
    elif plan.invite_on is not None:
        yield _on("dates", plan.invite_on, "Kommunerne inviteres")
    if plan.remind_on is not None:
        yield _on("dates", plan.remind_on, "De, der ikke har svaret, mindes om det")
    if (deadline := terms.terms.deadline) is not None:
        yield _on("dates", deadline, "Tilmeldingsfrist")
    if term is not None and term.until is not None:
        yield _on("dates", term.until, "Sidste dag, et forbehold holder en plads")


def _dated(copy: MeetingCopy) -> Mark:
    meeting, when = copy.meeting, copy.meeting.when
    if when is None:
        raise ValueError(f"meeting {meeting.id} has no day")
    said = "" if copy.state == "scheduled" else f" ({meeting_status(copy.state, meeting.date_version).lower()})"
    return Mark(
        "meetings",
        when.first_day,
        when.last_day,
        f"{meeting.title}{said}",
        _capitalised(day_span(when.first_day, when.last_day)),
        over=copy.state in {"held", "cancelled"},
    )


def _planned(plan: MeetingPlan) -> Mark | None:
    """As the programme plans it; None where it names no month."""
    if plan.date is not None:
        last = plan.last_date or plan.date
        return Mark("meetings", plan.date, last, plan.title, _capitalised(day_span(plan.date, last)))
    return _of_text("meetings", plan.month, plan.title) if plan.month else None


def _of_text(lane: Lane, text: str, title: str) -> Mark:
    """`text` is YYYY-MM or YYYY-MM-DD."""
    last = last_day_of(text)
    if len(text) == _YEAR_MONTH:
        return Mark(lane, last.replace(day=1), last, title, f"I {month_name(text)}", exact=False)
    return _on(lane, last, title)


def _months(begins: date, ends: date) -> Iterator[date]:
    month = begins.replace(day=1)
    while month <= ends:
        if month >= begins:
            yield month
        month = (month + timedelta(days=31)).replace(day=1)


def _on(lane: Lane, day: date, text: str) -> Mark:
    return Mark(lane, day, day, text, _capitalised(long_day(day)))


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
