"""A published programme: its terms, its places, and who may still sign up for it."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from shared.contracts.programme import ForbeholdTerm, ProgrammeRef, ProgrammeTerms
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, day_of, start_of_day


@dataclass(frozen=True, slots=True)
class Programme:
    """`taken` of its places are given; not `open` = cancelled.

    `hard` is the most there can be taken (None = as many as sign up), never fewer than were given when a later version
    came; how many are offered is `places`. `next_number` is drawn with each place and never used twice.
    """

    terms: ProgrammeTerms
    open: bool = True
    taken: int = 0
    hard: int | None = None
    next_number: int = 1
    waits: bool = False
    """Whether anybody is on its waiting list; known of a programme that is locked."""
    others_first: bool = False
    """Somebody of them may have a place and has not got it yet, as a transaction has only so much room."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Groups that are no more, and which group all of each went into."""
    because: str = ""
    """Why it was cancelled, as municipalities read it; empty = nobody said."""

    @property
    def ref(self) -> ProgrammeRef:
        return self.terms.ref

    @property
    def id(self) -> str:
        return self.terms.ref.id

    @property
    def deadline(self) -> date | None:
        return self.terms.terms.deadline

    @property
    def places(self) -> int | None:
        """As many as the newest version says: what was given beyond them stays given, and is not given again."""
        capacity = self.terms.enrolment.capacity
        return self.hard if capacity is None or self.hard is None else min(self.hard, capacity.hard)

    @property
    def is_full(self) -> bool:
        return self.places is not None and self.taken >= self.places

    @property
    def when_full(self) -> Literal["waiting_list", "refuse"]:
        """What becomes of whoever signs up when all places are taken."""
        capacity = self.terms.enrolment.capacity
        return "refuse" if capacity is None else capacity.when_full

    @property
    def free(self) -> int | None:
        """How many places can be given; None = as many as sign up."""
        return None if self.places is None else max(0, self.places - self.taken)

    @property
    def is_beyond_usual(self) -> bool:
        """Whether the last place that was given is one that staff want to hear of."""
        capacity = self.terms.enrolment.capacity
        return capacity is not None and self.taken > capacity.usual

    def group_now(self, group: str | None) -> str | None:
        """Which one it is by now, whatever was merged into whatever since."""
        while group is not None and group in self.merged:
            group = self.merged[group]
        return group

    @property
    def forbehold(self) -> ForbeholdTerm:
        """What one means here."""
        return self.terms.enrolment.forbehold or ForbeholdTerm()

    @property
    def has_form(self) -> bool:
        """Whether municipalities sign up for it on our pages, or did until it was cancelled."""
        plan = self.terms.enrolment
        return plan.how == "sign_up" and plan.who == "municipalities"


@dataclass(frozen=True, slots=True)
class Outline:
    """What a list shows of a programme; the whole of it need not be read for that."""

    id: str
    version: int
    title: str
    noun: str
    owner: str
    seller: str
    summary: str
    deadline: date | None
    open: bool
    taken: int
    places: int | None


def outline(programme: Programme) -> Outline:
    ref = programme.ref
    return Outline(
        id=ref.id,
        version=ref.version,
        title=ref.title,
        noun=ref.noun,
        owner=ref.owner,
        seller=ref.seller.name,
        summary=programme.terms.summary,
        deadline=programme.deadline,
        open=programme.open,
        taken=programme.taken,
        places=programme.places,
    )


def deadline_passed(programme: Programme | Outline, now: datetime) -> bool:
    """The last moment of the deadline's day in Denmark is still in time."""
    deadline = programme.deadline
    return deadline is not None and now >= start_of_day(day_after(deadline))


def freed(programme: Programme, count: int) -> Programme:
    """With so many of its places free again."""
    return replace(programme, taken=programme.taken - count)


def allots(programme: Programme, now: datetime) -> bool:
    """Whether places are given now: from the start, or once the deadline is over."""
    capacity = programme.terms.enrolment.capacity
    return capacity is None or capacity.given == "at_once" or deadline_passed(programme, now)


def allots_after(programme: Programme, now: datetime) -> date | None:
    """The deadline after which places are given, as long as it is not over."""
    return None if allots(programme, now) else programme.deadline


def holds_place(programme: Programme, now: datetime) -> bool:
    """Whether an open forbehold holds a place now: always, up to the end of a day in Denmark, or never."""
    term = programme.forbehold
    if term.holds == "until":
        return term.until is not None and now < start_of_day(day_after(term.until))
    return term.holds == "always"


def holds_until(programme: Programme) -> date | None:
    """The last day on which an open forbehold holds a place, as is agreed with whoever gets one now; None = for as long
    as it takes.
    """
    return programme.forbehold.until if programme.forbehold.holds == "until" else None


def takes_sign_ups(programme: Programme | Outline, now: datetime) -> bool:
    """Neither cancelled nor past its deadline."""
    return programme.open and not deadline_passed(programme, now)


def repeated(every: int, last: int, today: int) -> list[int]:
    """Days of reminders without an end, every so many after `last` (0 = none): of these the newest that has come by
    `today`, and the next. All are counted from one day.
    """
    first = max(1, (today - last) // every - 1) if every else 1
    return [last + every * (first + more) for more in range(4 if every else 0)]


OFFICE_OPENS = time(9)
"""In Denmark: invitations and reminders go out then."""
PEOPLE_AFTER = timedelta(days=365)
"""How long after a programme its contacts still see who came: as long as somebody may ask about an invoice."""


def is_over(programme: Programme, last_meeting: date | None, now: datetime, after: timedelta = timedelta()) -> bool:
    """Whether it ended more than `after` ago; with that its mailed links end, whenever they were mailed.

    Its last day is that of its period, its deadline or its last meeting, whichever is the latest. One that names none
    of them has no end.
    """
    return ended(programme.terms.ends, programme.deadline, last_meeting, day_of(now) - after)


def ended(ends: str, deadline: date | None, last_meeting: date | None, on: date) -> bool:
    """As `is_over`, of a programme whose terms say so, on a day."""
    last = end_of(ends, deadline, last_meeting)
    # Not the other way round: a day may be the last that the calendar has.
    return last is not None and on > last


def end_of(ends: str, deadline: date | None, last_meeting: date | None) -> date | None:
    """Of a programme; None = it has no end."""
    return max((day for day in (last_day_of(ends) if ends else None, deadline, last_meeting) if day), default=None)


def last_day_of(text: str) -> date:
    """Of `YYYY-MM`, or the day itself."""
    year, month, *day = map(int, text.split("-"))
    return date(year, month, day[0] if day else monthrange(year, month)[1])


def require_group(terms: ProgrammeTerms, group: str) -> str:
    """The same group; Refused 422 `unknown_group` when the programme does not have it."""
    if all(one.id != group for one in terms.groups):
        there = ", ".join(one.id for one in terms.groups) or "ingen"
        raise Refused("unknown_group", f"Gruppen findes ikke i forløbet (der er: {there}).", status=422, field="group")
    return group


def require_open_to_municipalities(programme: Programme) -> None:
    """Refused `invited_by_name` where members are: no municipality signs up, and none is asked to."""
    if programme.terms.enrolment.who == "invited":
        raise Refused(
            "invited_by_name", "Medlemmerne er inviteret ved navn; ingen tilmelder sig.", field="programme_id"
        )


def require_going_on(programme: Programme) -> Programme:
    """The same programme; Refused `programme_cancelled` when it is called off."""
    if not programme.open:
        raise cancelled(programme)
    return programme


def require_current_group(programme: Programme, group: str) -> str:
    """As `require_group`; Refused `group_merged` when it is no more."""
    known = require_group(programme.terms, group)
    now = programme.group_now(known)
    if now != known:
        raise Refused("group_merged", f"Gruppen {known} er lagt sammen med {now}.", field="group")
    return known


def group_title(programme: Programme, group: str | None) -> str:
    return next((one.title for one in programme.terms.groups if one.id == group), group or "")


def unknown_programme() -> Refused:
    return Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")


def cancelled(programme: Programme) -> Refused:
    return Refused("programme_cancelled", f"{programme.ref.title} er aflyst.", field="programme_id")
