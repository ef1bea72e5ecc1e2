"""Two who change a meeting at the same moment come one after the other."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import HOLD_MEETING
from services.scheduling.usecases.cancel_meeting import cancel_meeting
from services.scheduling.usecases.follow_programmes import cancel_meetings, change_meetings, follow_the_rest
from services.scheduling.usecases.hold_meetings import hold_meetings
from services.scheduling.usecases.plan_meeting import plan_meeting
from services.scheduling.usecases.read_meetings import read_meeting
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.base.answers import Answer
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import (
    CancelMeeting,
    MeetingCancelled,
    MeetingFact,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    PlanMeeting,
    SetMeetingDate,
)
from shared.runtime.timers import Timer
from shared.storage.tx import transaction
from tests.integration.scheduling.test_meetings import OEST_1, TIMED, UNDATED, published, the_programme
from tests.support.facts import OWNER, PROGRAMME
from tests.support.meeting_point import FIRST, meet
from tests.support.room import BY_HAND, Room


async def told(diary: Room) -> list[tuple[type[MeetingFact], int]]:
    facts = [fact for fact in await diary.told() if isinstance(fact, MeetingFact)]
    return [(type(fact), fact.meeting.date_version) for fact in facts]


async def test_two_who_plan_a_meeting_under_one_key_do_not_both_get_it(diary: Room) -> None:
    await published(diary)
    await diary.told()

    def named(title: str) -> PlanMeeting:
        return PlanMeeting(programme_id=PROGRAMME.id, key="ekstra", title=title, kind="heldag")

    first, second = await meet(
        diary, lambda tx: plan_meeting(tx, named("Det ene")), lambda tx: plan_meeting(tx, named("Det andet"))
    )
    assert isinstance(first, Answer)
    assert isinstance(second, Refused)
    assert second.code == "key_taken"
    assert await told(diary) == [(MeetingPlanned, 0)]


async def test_of_two_dates_at_once_the_second_is_a_move(diary: Room) -> None:
    await published(diary, UNDATED)
    await diary.told()

    def on(day: int) -> SetMeetingDate:
        return SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, day))

    await meet(diary, lambda tx: set_meeting_date(tx, on(15)), lambda tx: set_meeting_date(tx, on(16)))
    assert await told(diary) == [(MeetingScheduled, 0), (MeetingRescheduled, 1)]


async def test_a_meeting_that_is_cancelled_as_its_day_ends_was_not_held(diary: Room) -> None:
    await published(diary, TIMED)
    (scheduled,) = await diary.told()
    assert isinstance(scheduled, MeetingScheduled)
    meeting_id = scheduled.meeting.id
    diary.time = datetime(2021, 4, 16, tzinfo=UTC)
    rings = Timer(HOLD_MEETING, meeting_id, diary.time, {}, FIRST)
    await meet(
        diary,
        lambda tx: cancel_meeting(tx, CancelMeeting(meeting_id=meeting_id)),
        lambda tx: hold_meetings(tx, [rings]),
    )
    assert await told(diary) == [(MeetingCancelled, 1)]


async def test_a_file_that_drops_a_meeting_sees_the_date_it_is_just_getting(diary: Room) -> None:
    await published(diary, UNDATED)
    await diary.told()
    dropped = diary.received(ProgrammeChanged(owner=OWNER, terms=the_programme(version=2)))
    await meet(
        diary,
        lambda tx: set_meeting_date(tx, SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, 15))),
        lambda tx: change_meetings(tx, [dropped]),
    )
    # Whoever was invited by the first is told by the second: a cancellation counts on from the date.
    assert await told(diary) == [(MeetingScheduled, 0), (MeetingCancelled, 1)]


async def test_a_file_that_renames_a_meeting_keeps_the_date_it_is_just_getting(diary: Room) -> None:
    await published(diary, UNDATED)
    named = UNDATED.model_copy(update={"title": "Nyt navn"})
    renamed = diary.received(ProgrammeChanged(owner=OWNER, terms=the_programme(named, version=2)))
    await meet(
        diary,
        lambda tx: set_meeting_date(tx, SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, 15))),
        lambda tx: change_meetings(tx, [renamed]),
    )
    shown = await diary.read(read_meeting, meeting_id=OEST_1)
    assert (shown["title"], shown["when"]["first_day"]) == ("Nyt navn", "2021-04-15")


async def test_a_programme_that_ends_sees_the_date_that_a_meeting_is_just_getting(diary: Room) -> None:
    await published(diary, UNDATED)
    await diary.told()
    ended = diary.received(ProgrammeCancelled(owner=OWNER, terms=the_programme(UNDATED, version=2), reason="For få."))
    await meet(
        diary,
        lambda tx: set_meeting_date(tx, SetMeetingDate(meeting_id=OEST_1, day=date(2021, 4, 15))),
        lambda tx: cancel_meetings(tx, [ended]),
    )
    assert await told(diary) == [(MeetingScheduled, 0), (MeetingCancelled, 1)]


async def test_the_rest_of_a_file_that_is_just_replaced_is_not_followed(diary: Room) -> None:
    await published(diary)
    async with transaction(diary.pool, diary, diary.source, BY_HAND) as tx:
        await meetings.save_terms(tx, the_programme(UNDATED))
    newer = diary.received(ProgrammeChanged(owner=OWNER, terms=the_programme(version=2)))
    rest = Timer("rest", PROGRAMME.id, diary.time, {"programme_id": PROGRAMME.id, "version": 1, "place": 0}, FIRST)
    await meet(diary, lambda tx: change_meetings(tx, [newer]), lambda tx: follow_the_rest(tx, [rest]))
    assert await told(diary) == []
