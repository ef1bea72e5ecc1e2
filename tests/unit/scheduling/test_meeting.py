"""A meeting's life, from its plan to its end."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.meeting import (
    HOLD_MEETING,
    Frame,
    Standing,
    Wanted,
    cancel,
    clock_time,
    follow_plan,
    hold_by_clock,
    mark_held,
    plan,
    set_date,
)
from shared.contracts.decision import Decision
from shared.contracts.programme import MeetingPlan
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingPlanned, MeetingRescheduled, MeetingScheduled, PlanMeeting
from tests.support.facts import PROGRAMME

TODAY = date(2021, 1, 4)
APRIL = date(2021, 4, 15)


def a_plan(**changes: Any) -> MeetingPlan:
    values: dict[str, Any] = {"key": "oest-1", "title": "1. heldagsmøde", "kind": "heldag", "precision": "undated"}
    return MeetingPlan(**(values | changes))


SOURCE = PROGRAMME.meetings_owner


def a_planned_meeting() -> Standing:
    frame = Frame(PROGRAMME, cancelled=False, kinds=("heldag",), groups=("oest",))
    asked = PlanMeeting(
        programme_id=PROGRAMME.id, key="oest-1", title="1. heldagsmøde", kind="heldag", group="oest", mode="physical"
    )
    return plan(frame, None, asked, SOURCE).after


def dated(standing: Standing, wanted: Wanted) -> Standing:
    decided = set_date(standing, wanted, TODAY)
    assert decided.facts
    return decided.after


def told(decided: Decision[Standing]) -> Any:
    """The one fact that is told; None = nothing changes."""
    (fact,) = decided.facts or (None,)
    return fact


def test_a_meeting_in_the_file_without_a_date_is_planned_and_one_with_a_date_is_scheduled() -> None:
    undated = told(follow_plan(None, PROGRAMME, a_plan()))
    month = told(follow_plan(None, PROGRAMME, a_plan(precision="month", month="2021-04")))
    day = told(follow_plan(None, PROGRAMME, a_plan(precision="day", date=APRIL)))
    precise = a_plan(precision="timed", date=APRIL, starts=time(9, 30), ends=time(15), place="Odense")
    timed = told(follow_plan(None, PROGRAMME, precise))

    assert isinstance(undated, MeetingPlanned)
    assert isinstance(month, MeetingPlanned)
    assert isinstance(day, MeetingScheduled)
    assert isinstance(timed, MeetingScheduled)
    assert day.meeting.when is not None
    assert not day.meeting.when.timed
    assert timed.meeting.place == "Odense"
    assert timed.meeting.when is not None
    assert timed.meeting.when.starts_at == datetime(2021, 4, 15, 7, 30, tzinfo=UTC)


def test_the_first_date_is_version_0_and_every_later_change_of_day_time_or_place_counts_one_up() -> None:
    meeting = a_planned_meeting()
    decided = set_date(meeting, Wanted(APRIL), TODAY)
    first = told(decided)
    assert isinstance(first, MeetingScheduled)
    assert first.meeting.date_version == 0

    decided = set_date(decided.after, Wanted(APRIL, starts=time(9, 30), ends=time(15)), TODAY)
    with_clock_times = told(decided)
    assert isinstance(with_clock_times, MeetingRescheduled)
    assert with_clock_times.meeting.date_version == 1
    assert with_clock_times.previous == first.meeting.when

    decided = set_date(decided.after, Wanted(APRIL, starts=time(9, 30), ends=time(15), place="Vejle"), TODAY)
    assert isinstance(told(decided), MeetingRescheduled)
    assert told(decided).meeting.date_version == 2
    assert decided.after.state == "moved"


def test_the_same_date_again_changes_nothing_and_a_place_that_is_not_named_stays() -> None:
    meeting = dated(a_planned_meeting(), Wanted(APRIL, place="Vejle", link="https://moede.example/1"))

    assert set_date(meeting, Wanted(APRIL), TODAY) == Decision(meeting)
    moved = dated(meeting, Wanted(date(2021, 4, 16)))
    assert (moved.meeting.place, moved.meeting.link) == ("Vejle", "https://moede.example/1")
    assert dated(moved, Wanted(date(2021, 4, 16), place="")).meeting.place is None


def test_clock_times_are_danish_on_both_sides_of_summer_time() -> None:
    winter = dated(a_planned_meeting(), Wanted(date(2021, 3, 27), starts=time(9), ends=time(16)))
    summer = dated(a_planned_meeting(), Wanted(date(2021, 3, 28), starts=time(9), ends=time(16)))
    over_the_change = dated(
        a_planned_meeting(), Wanted(date(2021, 10, 30), date(2021, 10, 31), starts=time(12), ends=time(12))
    )

    assert winter.meeting.when is not None
    assert summer.meeting.when is not None
    assert over_the_change.meeting.when is not None
    assert winter.meeting.when.starts_at == datetime(2021, 3, 27, 8, tzinfo=UTC)
    assert summer.meeting.when.starts_at == datetime(2021, 3, 28, 7, tzinfo=UTC)
    assert over_the_change.meeting.when.ends_at == datetime(2021, 10, 31, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        (Wanted(date(2021, 1, 3)), "day_has_passed", "day"),
        (Wanted(date.max), "day_far_ahead", "day"),
        (Wanted(APRIL, date.max), "day_far_ahead", "last_day"),
        (Wanted(APRIL, date(2021, 4, 14)), "ends_before_start", "last_day"),
        (Wanted(APRIL, starts=time(15), ends=time(9)), "ends_before_start", "ends"),
        (Wanted(APRIL, starts=time(9), ends=time(9)), "ends_before_start", "ends"),
        (Wanted(APRIL, starts=time(9)), "half_a_clock_time", "ends"),
        (Wanted(APRIL, ends=time(9)), "half_a_clock_time", "starts"),
    ],
)
def test_a_date_that_cannot_be_is_refused_with_the_field_that_is_wrong(wanted: Wanted, code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        set_date(a_planned_meeting(), wanted, TODAY)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_today_is_not_past() -> None:
    assert set_date(a_planned_meeting(), Wanted(TODAY), TODAY).facts


@pytest.mark.parametrize("text", ["24:00", "9.30", "09:30:00", "09:3", "kl. 9", "-1:30", "09:30Z", "", "९:30"])
def test_a_clock_time_is_hours_and_minutes(text: str) -> None:
    with pytest.raises(Refused):
        clock_time(text, "starts")


def test_a_clock_time_may_begin_with_one_digit() -> None:
    assert clock_time("9:30", "starts") == clock_time("09:30", "starts") == time(9, 30)


def test_a_cancelled_meeting_gets_no_date_and_is_not_held_and_cancelling_it_again_changes_nothing() -> None:
    meeting = dated(a_planned_meeting(), Wanted(APRIL))
    decided = cancel(meeting, "Stedet er lukket.")
    cancelled = decided.after
    assert told(decided).meeting.date_version == 1

    assert cancel(cancelled, "Igen.") == Decision(cancelled)
    assert cancelled.counts_as_held_at is None
    for forbidden in (lambda: set_date(cancelled, Wanted(APRIL), TODAY), lambda: mark_held(cancelled, TODAY, TODAY)):
        with pytest.raises(Refused) as refused:
            forbidden()
        assert refused.value.code == "meeting_cancelled"


def test_a_meeting_without_a_date_has_no_calendar_object_that_its_cancellation_could_change() -> None:
    assert told(cancel(a_planned_meeting(), "")).meeting.date_version == 0


def test_a_meeting_counts_as_held_when_the_day_after_its_last_day_begins_in_denmark() -> None:
    meeting = dated(a_planned_meeting(), Wanted(date(2021, 3, 26), date(2021, 3, 27)))
    midnight = datetime(2021, 3, 27, 23, tzinfo=UTC)
    assert meeting.counts_as_held_at == midnight

    assert hold_by_clock(meeting, datetime(2021, 3, 27, 22, 59, 59, tzinfo=UTC), SOURCE) == Decision(meeting)
    held = hold_by_clock(meeting, midnight, SOURCE)
    assert told(held).held_on == date(2021, 3, 27)
    assert hold_by_clock(held.after, midnight, SOURCE) == Decision(held.after)
    assert hold_by_clock(meeting, midnight, "/somebody/else") == Decision(meeting)


def test_the_alarm_rings_when_the_meeting_counts_as_held_moves_with_it_and_is_taken_back() -> None:
    meeting = a_planned_meeting()
    first = set_date(meeting, Wanted(APRIL), TODAY)
    moved = set_date(first.after, Wanted(date(2021, 5, 20)), TODAY)
    rings = [cancel(meeting, "").alarms, first.alarms, moved.alarms, cancel(moved.after, "").alarms]
    assert [alarm.due for (alarm,) in rings] == [
        None,
        datetime(2021, 4, 15, 22, tzinfo=UTC),
        datetime(2021, 5, 20, 22, tzinfo=UTC),
        None,
    ]
    assert {(alarm.timer, alarm.key) for (alarm,) in rings} == {(HOLD_MEETING, meeting.meeting.id)}


def test_a_meeting_that_was_moved_is_not_held_on_its_old_day() -> None:
    moved = dated(dated(a_planned_meeting(), Wanted(APRIL)), Wanted(date(2021, 5, 20)))
    assert hold_by_clock(moved, datetime(2021, 4, 16, 12, tzinfo=UTC), SOURCE) == Decision(moved)


def test_a_held_meeting_is_neither_moved_nor_cancelled_and_holding_it_again_changes_nothing() -> None:
    meeting = dated(a_planned_meeting(), Wanted(TODAY))
    held = mark_held(meeting, TODAY, TODAY).after

    assert mark_held(held, TODAY, TODAY) == Decision(held)
    for forbidden in (
        lambda: set_date(held, Wanted(APRIL), TODAY),
        lambda: cancel(held, ""),
        lambda: mark_held(held, date(2021, 1, 3), TODAY),
    ):
        with pytest.raises(Refused) as refused:
            forbidden()
        assert refused.value.code == "meeting_held"


def test_nobody_can_say_that_a_meeting_was_held_tomorrow() -> None:
    with pytest.raises(Refused) as refused:
        mark_held(dated(a_planned_meeting(), Wanted(APRIL)), date(2021, 1, 5), TODAY)
    assert refused.value.field == "held_on"


def follow(standing: Standing | None, said: MeetingPlan) -> Standing:
    return follow_plan(standing, PROGRAMME, said).after


def test_a_date_set_by_staff_survives_a_new_version_of_the_file_that_says_nothing_new_about_it() -> None:
    said = a_plan()
    meeting = dated(follow(None, said), Wanted(APRIL))

    renamed = follow(meeting, said.model_copy(update={"title": "Første møde"}))
    assert renamed.meeting.when == meeting.meeting.when
    assert renamed.meeting.title == "Første møde"
    assert renamed.meeting.date_version == 0


def test_a_new_date_in_the_file_moves_the_meeting_and_a_new_place_alone_leaves_its_day() -> None:
    said = a_plan(precision="day", date=APRIL)
    meeting = dated(follow(None, said), Wanted(date(2021, 4, 20)))

    elsewhere = follow(meeting, said.model_copy(update={"place": "Odense"}))
    assert elsewhere.meeting.place == "Odense"
    assert elsewhere.meeting.when == meeting.meeting.when
    moved = follow(elsewhere, said.model_copy(update={"place": "Odense", "date": date(2021, 5, 20)}))
    assert moved.meeting.when is not None
    assert moved.meeting.when.first_day == date(2021, 5, 20)
    assert moved.meeting.date_version == 3


def test_a_meeting_that_has_a_date_keeps_its_kind_its_group_and_whom_it_is_for() -> None:
    said = a_plan(group="oest")
    others = {"kind": "digital", "group": "vest", "roles": ("tovholder",)}
    undated = follow(follow(None, said), said.model_copy(update=others))
    assert (undated.meeting.kind, undated.meeting.group, undated.meeting.roles) == ("digital", "vest", ("tovholder",))

    opened = follow(dated(follow(None, said), Wanted(APRIL)), said.model_copy(update={**others, "title": "Nyt"}))
    assert (opened.meeting.kind, opened.meeting.group, opened.meeting.roles) == ("heldag", "oest", ())
    assert opened.meeting.title == "Nyt"


@pytest.mark.parametrize("day", [None, APRIL])
def test_contacts_who_enrolled_under_a_roles_former_name_stay_invited(day: date | None) -> None:
    said = a_plan(roles=("kontaktperson",))
    meeting = follow(None, said)
    if day is not None:
        meeting = dated(meeting, Wanted(day))
    renamed = follow(meeting, said.model_copy(update={"roles": ("tovholder",)}))
    assert set(renamed.meeting.roles) == {"kontaktperson", "tovholder"}
    assert follow(renamed, said.model_copy(update={"roles": ("tovholder",), "title": "Nyt"})).meeting.roles == (
        "tovholder",
        "kontaktperson",
    )


def test_the_date_that_staff_set_stands_when_the_file_names_an_added_meeting() -> None:
    meeting = dated(a_planned_meeting(), Wanted(APRIL, place="Vejle"))
    named = follow(meeting, a_plan(precision="day", date=date(2021, 5, 20), place="Odense"))
    assert named.meeting.when == meeting.meeting.when
    assert (named.meeting.place, named.meeting.date_version) == ("Vejle", 0)
    first = follow(a_planned_meeting(), a_plan(precision="day", date=date(2021, 5, 20), place="Odense"))
    assert first.meeting.when is not None
    assert (first.meeting.when.first_day, first.meeting.place) == (date(2021, 5, 20), "Odense")


def test_the_file_does_not_bring_a_cancelled_meeting_back() -> None:
    said = a_plan()
    cancelled = cancel(follow(None, said), "").after
    assert follow_plan(cancelled, PROGRAMME, said.model_copy(update={"title": "Nyt"})) == Decision(cancelled)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_that_cannot_be_in_a_file_that_nobody_checked_is_no_date(day: date) -> None:
    said = a_plan(precision="timed", date=day, starts=time(9), ends=time(8))
    assert isinstance(told(follow_plan(None, PROGRAMME, said)), MeetingPlanned)
    backwards = told(follow_plan(None, PROGRAMME, said.model_copy(update={"date": APRIL, "last_date": day})))
    assert isinstance(backwards, MeetingScheduled)
    assert backwards.meeting.when is not None
    assert (backwards.meeting.when.first_day, backwards.meeting.when.last_day) == (APRIL, APRIL)


days = st.dates(min_value=TODAY, max_value=date(2022, 12, 31))
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0, tzinfo=None))


@given(
    asked=st.lists(
        st.builds(
            Wanted,
            day=days,
            last_day=st.none() | days,
            starts=st.none() | clocks,
            ends=st.none() | clocks,
            place=st.none() | st.sampled_from(["", "Odense", "Vejle"]),
        ),
        max_size=8,
    )
)
def test_the_date_version_is_the_number_of_real_changes_after_the_first_date(asked: list[Wanted]) -> None:
    meeting, seen = a_planned_meeting(), []
    for wanted in asked:
        try:
            decided = set_date(meeting, wanted, TODAY)
        except Refused:
            continue
        meeting = decided.after
        if decided.facts:
            seen.append((meeting.meeting.when, meeting.meeting.place))
    assert all(one != other for one, other in itertools.pairwise(seen))
    assert meeting.meeting.date_version == max(len(seen) - 1, 0)
    assert meeting.state == ("planned" if not seen else "scheduled" if len(seen) == 1 else "moved")
