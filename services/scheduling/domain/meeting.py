"""One meeting's life: planned, dated, moved, cancelled or held.

A rule takes the meeting as it stands and decides how it stands afterwards: with the fact that tells it, and the alarm
that will count it as held; or it refuses. Days and clock times are local in Europe/Copenhagen, instants are UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Literal

from shared.contracts.danish import day_span, long_day
from shared.contracts.decision import Alarm, Decision
from shared.contracts.event import natural_id
from shared.contracts.programme import MeetingPlan, ProgrammeRef
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import (
    Meeting,
    MeetingCancelled,
    MeetingFact,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    PlanMeeting,
    SetMeetingDate,
    When,
)
from shared.contracts.seen import said
from shared.contracts.time import COPENHAGEN, day_after, local, start_of_day

Mode = Literal["physical", "virtual", "hybrid"]
State = Literal["planned", "scheduled", "moved", "cancelled", "held"]

STATE_TITLES: dict[State, str] = {
    "planned": "Planlagt (uden dato)",
    "scheduled": "Dato fastsat",
    "moved": "Flyttet",
    "cancelled": "Aflyst",
    "held": "Afholdt",
}
HOLD_MEETING = "hold_meeting"
"""Timer, keyed by meeting."""
FOLLOW_PLAN = "follow_plan"
"""Timer: meetings of a programme file that found no room in their transaction. It rings at once."""
CANCEL_MEETINGS = "cancel_meetings"
"""Timer: meetings of a cancelled programme that found no room in their transaction. It rings at once."""
YEARS = range(1900, 3000)
"""Years a meeting can be in; the calendar's own ends leave no room for the day after."""
OVER: tuple[State, ...] = ("cancelled", "held")
_CLOCK_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
DROPPED = "Mødet indgår ikke længere i planen."


@dataclass(frozen=True, slots=True)
class Standing:
    """A meeting as it stands. `plan` is the programme file's last word on it; None = it is not in the file."""

    programme: ProgrammeRef
    meeting: Meeting
    state: State
    held_on: date | None = None
    reason: str = ""
    plan: MeetingPlan | None = None

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def counts_as_held_at(self) -> datetime | None:
        """00:00 in Denmark on the day after the last day, unless something says otherwise before."""
        when = self.meeting.when
        return None if when is None or self.over else start_of_day(day_after(when.last_day))


@dataclass(frozen=True, slots=True)
class Frame:
    """What of a programme matters to its meetings."""

    ref: ProgrammeRef
    cancelled: bool
    kinds: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A date, as somebody asks for it. `place` and `link`: None = as before, "" = none."""

    day: date
    last_day: date | None = None
    starts: time | None = None
    ends: time | None = None
    place: str | None = None
    link: str | None = None


def date_fields(standing: Standing) -> dict[str, str]:
    """What a form about its date has in it: days and local clock times, place and link."""
    meeting, when = standing.meeting, standing.meeting.when
    clocks = {}
    if when is not None and when.starts_at is not None and when.ends_at is not None:
        clocks = {
            "starts": f"{when.starts_at.astimezone(COPENHAGEN):%H:%M}",
            "ends": f"{when.ends_at.astimezone(COPENHAGEN):%H:%M}",
        }
    days = {}
    if when is not None:
        last = when.last_day.isoformat() if when.last_day != when.first_day else None
        days = {"day": when.first_day.isoformat(), "last_day": last}
    return said({**days, **clocks, "place": meeting.place, "link": meeting.link})


def meeting_id(programme_id: str, key: str) -> str:
    return natural_id("meeting", programme_id, key)


def clock_time(text: str | None, field: str) -> time | None:
    """The time of day written "09:30"; refuses anything else, seconds and time zones included."""
    if text is None:
        return None
    read = _CLOCK_TIME.fullmatch(text)
    if read is None:
        detail = "Det er ikke et klokkeslæt. Skriv det som 09:30."
        raise Refused("not_a_clock_time", detail, status=422, field=field)
    return time(int(read[1]), int(read[2]))


def wanted(asked: SetMeetingDate) -> Wanted:
    """What was asked for; refuses clock times that are none."""
    return Wanted(
        day=asked.day,
        last_day=asked.last_day,
        starts=clock_time(asked.starts, "starts"),
        ends=clock_time(asked.ends, "ends"),
        place=asked.place,
        link=asked.link,
    )


def when_of(wanted: Wanted) -> When:
    """The day, or days, and the instants they start and end at; refuses what cannot be."""
    last_day = wanted.last_day or wanted.day
    if last_day.year not in YEARS:
        raise Refused("day_far_ahead", "Dagen ligger for langt ude i fremtiden.", status=422, field="last_day")
    if last_day < wanted.day:
        raise Refused("ends_before_start", "Mødets sidste dag ligger før den første.", status=422, field="last_day")
    if wanted.starts is None and wanted.ends is None:
        return When(first_day=wanted.day, last_day=last_day)
    if wanted.starts is None or wanted.ends is None:
        missing = "starts" if wanted.starts is None else "ends"
        raise Refused("half_a_clock_time", "Angiv både start og slut, eller ingen af dem.", status=422, field=missing)
    starts_at, ends_at = local(wanted.day, wanted.starts), local(last_day, wanted.ends)
    if ends_at <= starts_at:
        raise Refused("ends_before_start", "Mødet slutter, før det begynder.", status=422, field="ends")
    return When(first_day=wanted.day, last_day=last_day, starts_at=starts_at, ends_at=ends_at)


def when_of_plan(plan: MeetingPlan) -> When | None:
    """What the programme file says of the date; None = no day yet.

    The check of programme files refuses clock times and last days that cannot be; from a programme that nobody
    checked only the day is taken then.
    """
    if plan.precision in {"undated", "month"} or plan.date is None or plan.date.year not in YEARS:
        return None
    clocks = (plan.starts, plan.ends) if plan.precision == "timed" else (None, None)
    try:
        return when_of(Wanted(plan.date, plan.last_date, *clocks))
    except Refused:  # an answer to nobody: there is no one here to correct it
        return When(first_day=plan.date, last_day=plan.date)


def plan(frame: Frame | None, standing: Standing | None, asked: PlanMeeting, source: str) -> Decision[Standing]:
    """A meeting beside the programme file, without a date yet. Asked for again it is the same one."""
    if frame is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")
    if frame.ref.meetings_owner != source:
        raise elsewhere("programme_id")
    if frame.cancelled:
        raise Refused("programme_cancelled", "Forløbet er aflyst.", field="programme_id")
    if not asked.key.strip() or not asked.title.strip():
        empty = "title" if asked.key.strip() else "key"
        raise Refused("required", "Feltet skal udfyldes.", status=422, field=empty)
    if frame.kinds and asked.kind not in frame.kinds:
        raise Refused("unknown_kind", "Forløbet har ikke den slags møder.", status=422, field="kind")
    if asked.group is not None and asked.group not in frame.groups:
        raise Refused("unknown_group", "Forløbet har ikke den gruppe.", status=422, field="group")
    meeting = Meeting(
        id=meeting_id(frame.ref.id, asked.key),
        key=asked.key,
        title=asked.title,
        kind=asked.kind,
        group=asked.group,
        mode=asked.mode,
    )
    if standing is None:
        return _told(MeetingPlanned(owner=frame.ref.meetings_owner, programme=frame.ref, meeting=meeting), plan=None)
    if not _same_plan(standing.meeting, meeting):
        raise Refused("key_taken", "Forløbet har allerede et andet møde med den nøgle.", field="key")
    return Decision(standing)


def follow_plan(standing: Standing | None, programme: ProgrammeRef, said: MeetingPlan) -> Decision[Standing]:
    """What the programme file's word on a meeting leads to.

    Only what the file says differently from last time counts: a date that staff have set since stands. So does the
    date and place of a meeting that was added beside the file, when the file names it for the first time.
    """
    if standing is None:
        return _first_planned(programme, said)
    if standing.over:
        return Decision(standing)
    before = standing.plan
    now = replace(standing, programme=programme, meeting=_described(said, standing.meeting), plan=said)
    if said == before:
        return Decision(now)
    when, place = now.meeting.when, now.meeting.place
    if before is None:
        when, place = when or when_of_plan(said), place or said.place or None
    elif _date_of(before) != _date_of(said):
        when = when_of_plan(said) or when
    if before is not None and before.place != said.place:
        place = said.place or place
    if when is not None:
        return _dated(now, when, place, now.meeting.link)
    if now.meeting != standing.meeting:
        told = MeetingPlanned(owner=programme.meetings_owner, programme=programme, meeting=now.meeting)
        return _told(told, plan=said)
    return Decision(now)


def drop(standing: Standing) -> Decision[Standing]:
    """The programme file does not name the meeting. One that was added beside the file, or is over, stays."""
    if standing.plan is None or standing.over:
        return Decision(standing)
    return cancel(standing, DROPPED)


def meetings_to_follow(programme: ProgrammeRef, place: int, due: datetime) -> Alarm:
    """Those of this version of the file from the `place`-th on, and those that it no longer names."""
    told = {"programme_id": programme.id, "version": programme.version, "place": place}
    return Alarm(FOLLOW_PLAN, f"{programme.id}/{programme.version}", due, told)


def call_off(standing: Standing, reason: str, at: datetime, *, by_letter: bool) -> Decision[Standing]:
    """Its programme was called off then. A meeting that was over by that time has been held, whoever has said so.

    `by_letter`: whoever called it off tells each organisation that in one letter.
    """
    when = standing.meeting.when
    if when is not None and when.over_at <= at:
        return _held(standing, when.last_day)
    return cancel(standing, reason, with_programme=by_letter)


def meetings_to_cancel(programme_id: str, reason: str, at: datetime, due: datetime, *, by_letter: bool) -> Alarm:
    """`at`: when the programme was called off; `by_letter` as in `call_off`."""
    told = {"programme_id": programme_id, "reason": reason, "at": at.isoformat(), "by_letter": by_letter}
    return Alarm(CANCEL_MEETINGS, programme_id, due, told)


def set_date(standing: Standing, wanted: Wanted, today: date) -> Decision[Standing]:
    """The first date, or a later change of day, clock times, place or link."""
    if standing.state == "cancelled":
        raise Refused("meeting_cancelled", "Mødet er aflyst og kan ikke få en ny dato.")
    if standing.state == "held":
        raise Refused("meeting_held", "Mødet er afholdt og kan ikke flyttes.")
    if wanted.day < today:
        raise Refused("day_has_passed", f"{long_day(wanted.day).capitalize()} er forbi.", status=422, field="day")
    if wanted.day.year not in YEARS:
        raise Refused("day_far_ahead", "Dagen ligger for langt ude i fremtiden.", status=422, field="day")
    place = standing.meeting.place if wanted.place is None else wanted.place.strip() or None
    link = standing.meeting.link if wanted.link is None else wanted.link.strip() or None
    return _dated(standing, when_of(wanted), place, link)


def cancel(standing: Standing, reason: str, *, with_programme: bool = False) -> Decision[Standing]:
    """A calendar object exists from the first date on; only then does it change."""
    if standing.state == "cancelled":
        return Decision(standing)
    if standing.state == "held":
        raise Refused("meeting_held", "Mødet er afholdt og kan ikke aflyses.")
    meeting = standing.meeting
    if meeting.when is not None:
        meeting = meeting.model_copy(update={"date_version": meeting.date_version + 1})
    fact = MeetingCancelled(
        owner=standing.programme.meetings_owner,
        programme=standing.programme,
        meeting=meeting,
        reason=reason.strip(),
        with_programme=with_programme,
    )
    return _told(fact, plan=standing.plan)


def mark_held(standing: Standing, held_on: date, today: date) -> Decision[Standing]:
    """Somebody says that it took place."""
    if standing.state == "cancelled":
        raise Refused("meeting_cancelled", "Mødet er aflyst og kan ikke være afholdt.")
    if held_on > today:
        raise Refused(
            "day_to_come", f"{long_day(held_on).capitalize()} er ikke kommet endnu.", status=422, field="held_on"
        )
    if standing.state == "held":
        if standing.held_on != held_on:
            raise Refused("meeting_held", "Mødet er allerede registreret som afholdt en anden dag.")
        return Decision(standing)
    return _held(standing, held_on)


def hold_by_clock(standing: Standing, now: datetime, source: str) -> Decision[Standing]:
    """A dated meeting of ours counts as held once the day after its last day has begun in Denmark."""
    due, when = standing.counts_as_held_at, standing.meeting.when
    if due is None or when is None or due > now or standing.programme.meetings_owner != source:
        return Decision(standing)
    return _held(standing, when.last_day)


def require_ours(standing: Standing | None, source: str) -> Standing:
    """The meeting that a command is about; refused when it is not there, or not ours to change."""
    if standing is None:
        raise not_found()
    if standing.programme.meetings_owner != source:
        raise elsewhere("meeting_id")
    return standing


def elsewhere(field: str) -> Refused:
    return Refused("meetings_elsewhere", "Forløbets møder styres af et andet system.", field=field)


def not_found() -> Refused:
    return Refused("unknown_meeting", "Mødet findes ikke.", status=404)


def describe(standing: Standing) -> str:
    """The meeting in one Danish line, for people who ask why."""
    when = standing.meeting.when
    day = f", {day_span(when.first_day, when.last_day)}" if when else ""
    return f"{standing.meeting.title}{day}: {STATE_TITLES[standing.state].lower()}"


def _first_planned(programme: ProgrammeRef, said: MeetingPlan) -> Decision[Standing]:
    meeting = _described(said, Meeting(id=meeting_id(programme.id, said.key), key=said.key, title="", kind=""))
    when = when_of_plan(said)
    if when is None:
        planned = MeetingPlanned(owner=programme.meetings_owner, programme=programme, meeting=meeting)
        return _told(planned, plan=said)
    dated = meeting.model_copy(update={"when": when, "place": said.place or None})
    return _told(MeetingScheduled(owner=programme.meetings_owner, programme=programme, meeting=dated), plan=said)


def _dated(standing: Standing, when: When, place: str | None, link: str | None) -> Decision[Standing]:
    before, owner = standing.meeting, standing.programme.meetings_owner
    if before.when is None:
        first = before.model_copy(update={"when": when, "place": place, "link": link, "date_version": 0})
        scheduled = MeetingScheduled(owner=owner, programme=standing.programme, meeting=first)
        return _told(scheduled, plan=standing.plan)
    if (before.when, before.place, before.link) == (when, place, link):
        return Decision(standing)
    moved = before.model_copy(
        update={"when": when, "place": place, "link": link, "date_version": before.date_version + 1}
    )
    fact = MeetingRescheduled(owner=owner, programme=standing.programme, meeting=moved, previous=before.when)
    return _told(fact, plan=standing.plan)


def _held(standing: Standing, held_on: date) -> Decision[Standing]:
    fact = MeetingHeld(
        owner=standing.programme.meetings_owner,
        programme=standing.programme,
        meeting=standing.meeting,
        held_on=held_on,
    )
    return _told(fact, plan=standing.plan)


def _told(fact: MeetingFact, plan: MeetingPlan | None) -> Decision[Standing]:
    """The meeting after `fact`, which is told; it rings when it is to count as held."""
    match fact:
        case MeetingCancelled():
            after = Standing(fact.programme, fact.meeting, "cancelled", reason=fact.reason, plan=plan)
        case MeetingHeld():
            after = Standing(fact.programme, fact.meeting, "held", held_on=fact.held_on, plan=plan)
        case MeetingRescheduled():
            after = Standing(fact.programme, fact.meeting, "moved", plan=plan)
        case MeetingScheduled():
            after = Standing(fact.programme, fact.meeting, "scheduled", plan=plan)
        case _:
            after = Standing(fact.programme, fact.meeting, "planned", plan=plan)
    return Decision(after, (fact,), (Alarm(HOLD_MEETING, fact.meeting.id, after.counts_as_held_at),))


def _same_plan(one: Meeting, other: Meeting) -> bool:
    """Whether planning `one` and planning `other` asks for the same meeting, whatever became of it since."""
    asked = ("id", "title", "kind", "group", "mode")
    return all(getattr(one, name) == getattr(other, name) for name in asked)


def _described(said: MeetingPlan, meeting: Meeting) -> Meeting:
    """As the file describes it. Once it has a date, people have been invited and have taken seats by its kind and
    group: these stand, and so does whether it is for a contact role only.
    """
    now = meeting.model_copy(update={"title": said.title, "mode": said.mode})
    if meeting.when is None:
        now = now.model_copy(update={"kind": said.kind, "group": said.group})
    if meeting.when is None or (meeting.roles and said.roles):
        now = now.model_copy(update={"roles": _roles(meeting.roles, said.roles)})
    return now


def _roles(before: tuple[str, ...], said: tuple[str, ...]) -> tuple[str, ...]:
    """A role that is called otherwise from now on is still theirs who enrolled under its former name."""
    return (*said, *(role for role in before if role not in said)) if before and said else said


def _date_of(said: MeetingPlan) -> tuple[object, ...]:
    return (said.precision, said.date, said.last_date, said.starts, said.ends)
