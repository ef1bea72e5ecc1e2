"""Our copy of a meeting is the newest that its owner told, however late the others come."""

from __future__ import annotations

import pytest

from services.enrollment.domain.meeting_copy import MeetingCopy, copy_of, newest
from services.enrollment.domain.status import MeetingState
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
from tests.support.facts import a_programme

WHEN = When.model_validate_json('{"first_day": "2021-04-15", "last_day": "2021-04-15"}')
MEETING = Meeting(id="m", key="k", title="Møde", kind="heldag", when=WHEN)
ABOUT = {"owner": "/tovholder/scheduling", "programme": a_programme("p"), "meeting": MEETING}


def said(state: MeetingState, sequence: int | None) -> MeetingCopy:
    return MeetingCopy("p", state, MEETING, sequence)


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        (MeetingPlanned(**ABOUT), "planned"),
        (MeetingScheduled(**ABOUT), "scheduled"),
        (MeetingRescheduled(**ABOUT, previous=WHEN), "scheduled"),
        (MeetingCancelled(**ABOUT, reason=""), "cancelled"),
        (MeetingHeld(**ABOUT, held_on=WHEN.last_day), "held"),
    ],
)
def test_each_fact_says_where_the_meeting_stands(fact: MeetingFact, state: MeetingState) -> None:
    assert copy_of(fact, 7) == said(state, 7)


def test_the_last_of_a_batch_is_what_is_kept() -> None:
    assert newest({}, [said("planned", 1), said("scheduled", 2)]) == [said("scheduled", 2)]


def test_what_was_told_before_changes_nothing() -> None:
    assert newest({"m": said("scheduled", 7)}, [said("planned", 6), said("planned", 7)]) == []
    assert newest({}, [said("scheduled", 7), said("planned", 6)]) == [said("scheduled", 7)]


def test_a_fact_without_a_number_is_believed_and_the_highest_number_remembered() -> None:
    assert newest({"m": said("planned", 7)}, [said("cancelled", None)]) == [said("cancelled", 7)]
    assert newest({"m": said("planned", None)}, [said("cancelled", 0)]) == [said("cancelled", 0)]
