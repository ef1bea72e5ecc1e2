"""Meetings from the programme file, given dates, moved, cancelled and held."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from services.scheduling.usecases.cancel_meeting import cancel_meeting
from services.scheduling.usecases.mark_meeting_held import mark_meeting_held
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.read_meetings import read_meeting, read_meetings
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.event import natural_id
from shared.contracts.programme import MeetingPlan, ProgrammeTerms
from shared.contracts.scheduling import (
    CancelMeeting,
    MarkMeetingHeld,
    MeetingCancelled,
    MeetingFact,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    PlanMeeting,
    SetMeetingDate,
)
from tests.support.facts import MEETINGS_OWNER, OWNER, PROGRAMME, PROGRAMME_TERMS, a_programme
from tests.support.room import Room

UNDATED = MeetingPlan(key="oest-1", title="1. heldagsmøde", kind="heldag", group="oest", precision="undated")
TIMED = MeetingPlan(
    key="oest-2",
    title="2. heldagsmøde",
    kind="heldag",
    group="oest",
    precision="timed",
    date=date(2021, 4, 15),
    starts=time(9, 30),
    ends=time(15),
    place="Odense",
)
OEST_1 = natural_id("meeting", PROGRAMME.id, "oest-1")
OEST_2 = natural_id("meeting", PROGRAMME.id, "oest-2")


def the_programme(*meetings: MeetingPlan, version: int = 1, meetings_owner: str = MEETINGS_OWNER) -> ProgrammeTerms:
    ref = a_programme(version=version, meetings_owner=meetings_owner)
    return PROGRAMME_TERMS.model_copy(update={"ref": ref, "meetings": meetings})


async def published(diary: Room, *meetings: MeetingPlan) -> None:
    await diary.hear(ProgrammePublished(owner=OWNER, terms=the_programme(*meetings)))


async def test_publishing_a_programme_plans_its_meetings_once(diary: Room) -> None:
    programme = ProgrammePublished(owner=OWNER, terms=the_programme(UNDATED, TIMED))
    await diary.hear(programme)
    planned, scheduled = await diary.told()

    assert isinstance(planned, MeetingPlanned)
    assert planned.meeting.id == OEST_1
    assert isinstance(scheduled, MeetingScheduled)
    assert scheduled.meeting.id == OEST_2
    assert scheduled.meeting.when is not None
    assert scheduled.meeting.when.starts_at == datetime(2021, 4, 15, 7, 30, tzinfo=UTC)

    await diary.hear(programme)
    assert await diary.told() == []


async def test_a_programme_whose_meetings_another_system_holds_is_left_to_that_system(diary: Room) -> None:
    terms = the_programme(UNDATED, TIMED, meetings_owner="/crm")
    await diary.hear(ProgrammePublished(owner=OWNER, terms=terms))
    assert await diary.told() == []

    refused = await diary.refusal(
        plan_meeting, PlanMeeting(programme_id=PROGRAMME.id, key="ekstra", title="Ekstra", kind="heldag")
    )
    assert refused.code == "meetings_elsewhere"


async def test_meetings_that_were_handed_over_to_another_system_are_no_longer_ours_to_move_or_hold(diary: Room) -> None:
    await published(diary, UNDATED, TIMED)
    terms = the_programme(UNDATED, TIMED, version=2, meetings_owner="/crm")
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=terms))
    await diary.told()

    refused = await diary.refusal(set_meeting_date, SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, 15)))
    assert refused.code == "meetings_elsewhere"
    await diary.ring(datetime(2022, 1, 1, tzinfo=UTC))
    assert await diary.told() == []


async def test_a_meeting_gets_a_date_is_moved_and_counts_as_held_on_the_day_after_its_new_date(diary: Room) -> None:
    await published(diary, UNDATED)
    await diary.ask(set_meeting_date, SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, 15)))
    moved = await diary.ask(
        set_meeting_date,
        SetMeetingDate(meeting_id=OEST_1, day=date(2021, 5, 20), starts="09:30", ends="15:00", place="Vejle"),
    )
    assert (moved["state_title"], moved["date_version"]) == ("Flyttet", 1)
    assert [type(fact) for fact in await diary.told()] == [MeetingPlanned, MeetingScheduled, MeetingRescheduled]

    assert await diary.ring(datetime(2021, 4, 15, 22, tzinfo=UTC)) == 0
    assert await diary.ring(datetime(2021, 5, 20, 21, 59, tzinfo=UTC)) == 0
    assert await diary.ring(datetime(2021, 5, 20, 22, tzinfo=UTC)) == 1
    (held,) = await diary.told()
    assert isinstance(held, MeetingHeld)
    assert held.held_on == date(2021, 5, 20)
    assert held.meeting.date_version == 1
    assert (await diary.read(read_meeting, meeting_id=OEST_1))["state_title"] == "Afholdt"


async def test_the_same_date_again_is_not_told_again(diary: Room) -> None:
    await published(diary, UNDATED)
    command = SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, 15), starts="09:30", ends="15:00", place="Vejle")
    first = await diary.ask(set_meeting_date, command)
    again = await diary.ask(set_meeting_date, command)
    assert {**again, "was": first["was"]} == first
    assert (first["was"], again["was"]["day"]) == ({}, "2021-04-15"), "but for what stood before"
    assert len(await diary.told()) == 2


async def test_a_cancelled_meeting_is_never_held(diary: Room) -> None:
    await published(diary, TIMED)
    await diary.ask(cancel_meeting, CancelMeeting(meeting_id=OEST_2, reason="Stedet er lukket."))
    _, cancelled = await diary.told()
    assert isinstance(cancelled, MeetingCancelled)
    assert (cancelled.reason, cancelled.meeting.date_version) == ("Stedet er lukket.", 1)

    assert await diary.ring(datetime(2022, 1, 1, tzinfo=UTC)) == 0
    refused = await diary.refusal(set_meeting_date, SetMeetingDate(meeting_id=OEST_2, day=date(2022, 4, 15)))
    assert refused.code == "meeting_cancelled"


async def test_a_meeting_that_was_told_to_be_held_is_not_held_again_by_the_clock(diary: Room) -> None:
    await published(diary, TIMED)
    diary.time = datetime(2021, 4, 15, 14, tzinfo=UTC)
    await diary.ask(mark_meeting_held, MarkMeetingHeld(meeting_id=OEST_2, held_on=date(2021, 4, 15)))
    assert [type(fact) for fact in await diary.told()] == [MeetingScheduled, MeetingHeld]

    assert await diary.ring(datetime(2021, 4, 16, tzinfo=UTC)) == 0
    assert await diary.told() == []


async def test_a_meeting_that_the_file_no_longer_names_is_cancelled_and_an_added_one_stays(diary: Room) -> None:
    await published(diary, UNDATED, TIMED)
    await diary.ask(
        plan_meeting, PlanMeeting(programme_id=PROGRAMME.id, key="ekstra", title="Ekstra", kind="heldag", group="vest")
    )
    await diary.told()

    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(UNDATED, version=2)))
    (dropped,) = await diary.told()
    assert isinstance(dropped, MeetingCancelled)
    assert dropped.meeting.id == OEST_2
    states = {meeting["key"]: meeting["state"] for meeting in (await diary.read(read_meetings))["meetings"]}
    assert states == {"oest-1": "planned", "oest-2": "cancelled", "ekstra": "planned"}


async def test_a_later_version_changes_what_the_file_says_and_nothing_that_a_person_has_done(diary: Room) -> None:
    await published(diary, UNDATED, TIMED)
    await diary.ask(set_meeting_date, SetMeetingDate(meeting_id=OEST_1, day=date(2021, 3, 1), place="Vejle"))
    await diary.ask(
        plan_meeting, PlanMeeting(programme_id=PROGRAMME.id, key="ekstra", title="Ekstra", kind="heldag", group="oest")
    )
    extra = natural_id("meeting", PROGRAMME.id, "ekstra")
    await diary.ask(set_meeting_date, SetMeetingDate(meeting_id=extra, day=date(2021, 3, 8)))
    await diary.told()

    named = TIMED.model_copy(update={"key": "ekstra", "date": date(2021, 6, 1), "place": ""})
    changed = UNDATED.model_copy(update={"title": "Første møde", "kind": "digital", "group": "vest"})
    terms = the_programme(changed, TIMED.model_copy(update={"date": date(2021, 4, 22)}), named, version=2)
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=terms))
    (moved,) = await diary.told()
    assert isinstance(moved, MeetingRescheduled)
    assert (moved.meeting.id, moved.meeting.when and moved.meeting.when.first_day) == (OEST_2, date(2021, 4, 22))
    found = {meeting["key"]: meeting for meeting in (await diary.read(read_meetings))["meetings"]}
    assert [found[key]["when"]["first_day"] for key in ("oest-1", "ekstra")] == ["2021-03-01", "2021-03-08"]
    assert (found["oest-1"]["title"], found["oest-1"]["kind"], found["oest-1"]["group"]) == (
        "Første møde", "heldag", "oest",
    )  # fmt: skip

    # What is held stays held, and what is cancelled stays cancelled, whatever the file says then.
    await diary.ring(datetime(2021, 3, 2, tzinfo=UTC))
    await diary.ask(cancel_meeting, CancelMeeting(meeting_id=OEST_2, reason="Stedet er lukket."))
    await diary.told()
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(TIMED, version=3)))
    (dropped,) = await diary.told()
    assert isinstance(dropped, MeetingCancelled)
    assert dropped.meeting.id == extra
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(UNDATED, TIMED, named, version=4)))
    assert await diary.told() == []


async def test_an_older_version_of_a_programme_that_comes_late_changes_nothing(diary: Room) -> None:
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=the_programme(UNDATED, version=2)))
    await diary.told()
    await diary.hear(ProgrammePublished(owner=OWNER, terms=the_programme(UNDATED, TIMED)))
    assert await diary.told() == []


@pytest.mark.parametrize(("some_held", "by_letter"), [(None, False), (False, True), (True, True)])
async def test_a_cancelled_programme_cancels_what_has_not_been_held(
    diary: Room, *, some_held: bool | None, by_letter: bool
) -> None:
    """Whoever says nothing of what was held tells no organisation either: then each meeting is cancelled for all."""
    await published(diary, UNDATED, TIMED)
    await diary.ring(datetime(2021, 4, 16, tzinfo=UTC))
    await diary.told()

    ended = ProgrammeCancelled(
        owner=OWNER, terms=the_programme(UNDATED, TIMED), reason="For få tilmeldte.", some_held=some_held
    )
    await diary.hear(ended)
    await diary.hear(ended)
    (cancelled,) = await diary.told()
    assert isinstance(cancelled, MeetingCancelled)
    assert (cancelled.meeting.id, cancelled.reason) == (OEST_1, "For få tilmeldte.")
    assert cancelled.with_programme is by_letter


async def test_a_meeting_that_is_over_when_its_programme_is_called_off_has_been_held(diary: Room) -> None:
    """Its day need not be: what has taken place is not cancelled in the evening."""
    await published(diary, UNDATED, TIMED)
    diary.time = datetime(2021, 4, 15, 18, tzinfo=UTC)
    await diary.told()
    await diary.hear(ProgrammeCancelled(owner=OWNER, terms=the_programme(UNDATED, TIMED), reason="For få."))
    told = await diary.told()
    assert {type(one): one.meeting.id for one in told if isinstance(one, MeetingFact)} == {
        MeetingHeld: OEST_2,
        MeetingCancelled: OEST_1,
    }


async def test_planning_the_same_meeting_twice_makes_one_and_another_under_its_key_is_refused(diary: Room) -> None:
    await published(diary)
    command = PlanMeeting(programme_id=PROGRAMME.id, key="ekstra", title="Ekstra", kind="heldag")
    assert await diary.ask(plan_meeting, command) == await diary.ask(plan_meeting, command)
    assert len(await diary.told()) == 1

    other = command.model_copy(update={"title": "Noget andet"})
    assert (await diary.refusal(plan_meeting, other)).code == "key_taken"
    for changes, code in (
        ({"programme_id": "findes-ikke"}, "unknown_programme"),
        ({"kind": "middag"}, "unknown_kind"),
        ({"group": "nord"}, "unknown_group"),
        ({"title": " "}, "required"),
    ):
        assert (await diary.refusal(plan_meeting, command.model_copy(update=changes))).code == code


async def test_an_unknown_meeting_is_refused(diary: Room) -> None:
    refused = await diary.refusal(set_meeting_date, SetMeetingDate(meeting_id="x", day=date(2021, 4, 15)))
    assert (refused.code, refused.status) == ("unknown_meeting", 404)
