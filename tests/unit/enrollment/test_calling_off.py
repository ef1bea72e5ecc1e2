"""Which meetings a municipality is named when its programme is called off."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.calling_off import CALL_OFF, MOST_MEETINGS, call_off, ending_of, tell
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import Programme
from shared.contracts.enrollment import EnrolmentCalledOff
from shared.contracts.scheduling import Meeting, When
from tests.unit.enrollment.test_roster import ENROLMENT, a_roster

NOW = datetime(2021, 3, 1, 12, tzinfo=UTC)
GROUPS = ("oest", "vest", None)


def on(number: int, group: str | None) -> MeetingCopy:
    day = date(2021, 4, 1) + timedelta(days=number)
    when = When(first_day=day, last_day=day)
    meeting = Meeting(id=f"m{number}", key=f"m-{number}", title="Møde", kind="heldag", group=group, when=when)
    return MeetingCopy("netvaerk", "scheduled", meeting, 1)


def named(programme: Programme, meetings: list[MeetingCopy], group: str | None) -> tuple[list[str], int]:
    """To whoever is of this group, and how many the timer holds."""
    off = call_off(programme, meetings, (), "", programme.ref.owner, NOW)
    (alarm,) = [one for one in off.alarms if one.timer == CALL_OFF]
    held = json.loads(json.dumps(alarm.data))
    (fact,) = tell(replace(ENROLMENT, group=group), off.after, ending_of(held), None).facts
    assert isinstance(fact, EnrolmentCalledOff)
    return [one.id for one in fact.meetings], len(held["meetings"])


@given(runs=st.lists(st.tuples(st.sampled_from(GROUPS), st.integers(1, 2 * MOST_MEETINGS)), max_size=6))
def test_the_first_ones_that_it_would_have_had_whatever_others_have_and_no_timer_grows_with_them(
    runs: list[tuple[str | None, int]],
) -> None:
    kinds = [group for group, many in runs for _ in range(many)]
    meetings = [on(number, group) for number, group in enumerate(kinds)]
    for group in GROUPS:
        its = [one.meeting.id for one in meetings if one.meeting.group in {None, group}]
        told, held = named(a_roster().programme, meetings, group)
        assert told == its[:MOST_MEETINGS]
        assert held <= len(GROUPS) * MOST_MEETINGS
