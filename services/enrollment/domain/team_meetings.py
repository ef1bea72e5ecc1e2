"""The meetings that a standing team is invited to, and how long somebody on it may pass their place on or leave it.

A place is for all of them, so that whoever takes it over comes to those that are left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from services.enrollment.domain.meeting_copy import MeetingCopy, is_ahead
from services.enrollment.domain.team import Team
from shared.contracts.danish import long_day, short_day
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, days_after, start_of_day


@dataclass(frozen=True, slots=True)
class TeamMeetings:
    """In the order of their days; those without one come last. `freeze` days before each, places are not passed on."""

    copies: tuple[MeetingCopy, ...]
    freeze: int | None

    def ahead(self, now: datetime) -> tuple[MeetingCopy, ...]:
        """Those that have not begun, whether they have a date or not."""
        return tuple(one for one in self.copies if is_ahead(one, now))

    def last_day(self) -> date | None:
        """Of those that have a date and are not cancelled; None = there is none."""
        days = [
            one.meeting.when.last_day
            for one in self.copies
            if one.meeting.when is not None and one.state != "cancelled"
        ]
        return max(days, default=None)

    def over(self, now: datetime) -> bool:
        """There were meetings, and none is left to pass on or to leave. Before any is planned there is all to come."""
        return bool(self.copies) and not self.ahead(now)

    def last_day_to_swap(self, now: datetime) -> date | None:
        """Before the next meeting; None = until it begins, or nobody knows when that is."""
        days = [one.meeting.when.first_day for one in self.ahead(now) if one.meeting.when is not None]
        return days_after(min(days), -self.freeze) if days and self.freeze is not None else None

    def frozen(self, now: datetime) -> bool:
        last = self.last_day_to_swap(now)
        return last is not None and now >= start_of_day(day_after(last))


def meetings_of(team: Team, known: Iterable[MeetingCopy], called: Collection[str]) -> TeamMeetings:
    """Of all that the programme has; `called`: those that a member is invited to one by one."""
    kinds, enrolment = {one.kind for one in team.terms}, team.enrolment
    return TeamMeetings(
        tuple(
            one
            for one in known
            if one.meeting.kind in kinds
            and not one.meeting.roles
            and one.meeting.group in {None, enrolment.group}
            and (not enrolment.ad_hoc or one.meeting.id in called)
        ),
        team.programme.terms.terms.swap_freeze_days,
    )


def require_own_swap(meetings: TeamMeetings, now: datetime) -> None:
    """Raises Refused unless somebody on the team may pass their place on now."""
    require_own_leave(meetings, now)
    last = meetings.last_day_to_swap(now)
    if last is not None and meetings.frozen(now):
        detail = f"Pladsen kunne gives videre til og med den {short_day(last)}, og kan det igen, når mødet er begyndt."
        raise Refused("swaps_closed", detail)


def require_own_leave(meetings: TeamMeetings, now: datetime) -> None:
    if meetings.over(now):
        raise Refused("meetings_begun", "Alle møderne er begyndt, så pladsen kan ikke ændres.")


def until_when(meetings: TeamMeetings, now: datetime) -> str:
    """Up to when a place is passed on, as a sentence."""
    last = meetings.last_day_to_swap(now)
    if last is None:
        return "Pladsen kan gives videre og opgives, indtil det sidste møde begynder."
    if meetings.frozen(now):
        return f"Pladsen kunne gives videre til og med {long_day(last)}. Det kan den igen, når mødet er begyndt."
    return f"Pladsen kan gives videre til og med {long_day(last)}, og igen, når mødet er begyndt."
