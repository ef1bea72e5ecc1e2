"""Meetings for many: their letters are written a slice at a time, each once, and none that is out of date."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from services.notifications.domain.reminders import reminders_to_set, rest_of_reminder
from services.notifications.usecases.announce_meeting import announce_move
from services.notifications.usecases.remember_programme import set_the_rest
from services.notifications.usecases.remind_of_meeting import remind_the_rest
from shared.contracts.decision import Alarm
from shared.contracts.enrollment import ProgrammePublished, TovholderAppointed
from shared.contracts.parties import Contact
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingRescheduled, MeetingScheduled, When
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from tests.support.facts import (
    DAY,
    MEETINGS_OWNER,
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting,
    an_enrolment,
    an_organisation,
    enrolment_id_of,
)
from tests.support.letters import contents, written
from tests.support.meeting_point import FIRST, meet
from tests.support.room import Room

CONTACTS = 12
MEETINGS = 5
ROOM = 7
LATER = datetime(2021, 1, 5, 8, tzinfo=UTC)
LATER_STILL = datetime(2021, 1, 6, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)


def a_contact(number: int, person: str = "p") -> Contact:
    return Contact(
        person_id=f"{person}{number}", name=f"Kontakt {number}", email=f"{person}{number}@by.example", role="tovholder"
    )


async def everybody_enrolled(desk: Room) -> None:
    for number in range(CONTACTS):
        code = f"{number + 1:04}"
        await desk.hear(
            an_enrolment(
                enrolment_id=enrolment_id_of(PROGRAMME.id, code),
                organisation=an_organisation(code, f"By {number}"),
                contact=a_contact(number),
                group="oest",
            )
        )


def many(date_version: int = 0, when: When = DAY) -> list[Meeting]:
    return [
        a_meeting(f"oest-{number}", title=f"Møde {number}", when=when, date_version=date_version)
        for number in range(MEETINGS)
    ]


def scheduled() -> list[MeetingScheduled]:
    return [MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=one) for one in many()]


def moved() -> list[MeetingRescheduled]:
    when = When(first_day=date(2021, 5, 20), last_day=date(2021, 5, 20))
    return [
        MeetingRescheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=one, previous=DAY)
        for one in many(1, when)
    ]


def cancelled() -> list[MeetingCancelled]:
    return [
        MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=one, reason="Lukket") for one in many(2)
    ]


async def in_calendars(desk: Room) -> Counter[str]:
    return Counter(message.template for message in await written(desk) if message.calendar is not None)


async def test_a_batch_of_meetings_writes_no_more_letters_than_there_is_room_for(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(*scheduled())
    assert sum((await in_calendars(desk)).values()) == ROOM
    rung = await desk.ring()
    assert await in_calendars(desk) == {"save_the_date": CONTACTS * MEETINGS}
    assert rung >= CONTACTS * MEETINGS // ROOM
    # Each once, and heard again nothing more.
    await desk.hear(*scheduled())
    await desk.ring()
    assert await in_calendars(desk) == {"save_the_date": CONTACTS * MEETINGS}
    assert all(len(held) == MEETINGS for held in (await contents(desk)).values())


async def test_no_slice_writes_more_than_its_room(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(*scheduled(), *moved())
    await desk.ring()
    by_transaction = await desk.pool.fetch(
        "SELECT count(*) AS written FROM messages WHERE calendar IS NOT NULL GROUP BY xmin"
    )
    assert max(row["written"] for row in by_transaction) <= ROOM


async def test_what_is_moved_or_cancelled_before_its_turn_is_told_as_it_stands_then(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(*scheduled())
    desk.time = LATER
    await desk.hear(*moved())
    desk.time = LATER_STILL
    await desk.hear(*cancelled())
    await desk.ring()
    # Whoever was invited is told that it falls away; nobody is invited to what has been cancelled.
    of_calendars = [one for one in await written(desk) if one.calendar is not None]
    invited = {(one.recipient, one.about) for one in of_calendars if one.template == "save_the_date"}
    assert len(invited) < CONTACTS * MEETINGS
    assert invited == {(one.recipient, one.about) for one in of_calendars if one.template == "meeting_cancelled"}
    last = {(one.recipient, one.about): one.template for one in of_calendars}
    assert set(last.values()) == {"meeting_cancelled"}
    assert all(held == [] for held in (await contents(desk)).values())


async def test_two_who_look_at_once_tell_everybody_once(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(*scheduled())
    desk.time = LATER
    await asyncio.gather(desk.ring(), desk.hear(*moved()))
    await desk.ring()
    told = await in_calendars(desk)
    assert told["save_the_date"] >= CONTACTS * MEETINGS
    assert all(len(held) == MEETINGS for held in (await contents(desk)).values())
    newest = {
        (row["recipient"], row["about"]): row["sequence"]
        for row in await desk.pool.fetch(
            "SELECT recipient, about, (calendar ->> 'sequence')::integer AS sequence FROM messages "
            "WHERE calendar IS NOT NULL ORDER BY number"
        )
    }
    assert len(newest) == CONTACTS * MEETINGS
    assert set(newest.values()) == {1}


async def test_whoever_comes_late_gets_all_the_meetings_and_whoever_goes_none(desk: Room) -> None:
    for start in range(3):
        await desk.hear(*scheduled()[start:MEETINGS:3])
    more = [a_meeting(f"oest-mere-{number}", title=f"Mere {number}", when=DAY) for number in range(MEETINGS * 2)]
    await desk.hear(*(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting) for meeting in more))
    one = an_enrolment(organisation=an_organisation("0001", "By"), contact=a_contact(1), group="oest")
    await desk.hear(one)
    await desk.ring()
    assert {who: len(held) for who, held in (await contents(desk)).items()} == {"p1@by.example": MEETINGS * 3}
    desk.time = LATER
    await desk.hear(
        TovholderAppointed(
            owner=OWNER,
            programme=PROGRAMME,
            enrolment_id=one.enrolment_id,
            organisation=one.organisation,
            contact=a_contact(1, "ny"),
        )
    )
    await desk.ring()
    assert {who: len(held) for who, held in (await contents(desk)).items()} == {
        "p1@by.example": 0,
        "ny1@by.example": MEETINGS * 3,
    }


async def test_a_reminder_that_is_due_and_has_not_rung_yet_is_not_put_off(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(*scheduled()[:1])
    await desk.ring()
    desk.time = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = 'meeting_reminder'")
    await desk.hear(ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS))
    await desk.ring(desk.time)
    reminded = Counter(message.recipient for message in await written(desk, "nobody_registered"))
    assert reminded == {f"p{number}": 1 for number in range(CONTACTS)}


async def test_a_reminder_reaches_everybody_once_in_slices_whatever_else_sets_reminders_meanwhile(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(*scheduled()[:2])
    await desk.ring()
    due = await desk.pool.fetchval("SELECT min(due) FROM timers WHERE timer = 'meeting_reminder'")
    rung = asyncio.Event()

    async def publish_meanwhile() -> None:
        await rung.wait()
        await desk.hear(ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS))

    desk.time = due
    meanwhile = asyncio.create_task(publish_meanwhile())
    rung.set()
    await desk.ring(due)
    await meanwhile
    await desk.ring(due)
    reminded = Counter(message.recipient for message in await written(desk, "nobody_registered"))
    assert reminded == {f"p{number}": 2 for number in range(CONTACTS)}


async def test_reminders_of_a_programme_with_many_meetings_are_set_in_slices(desk: Room) -> None:
    more = [a_meeting(f"oest-{number}", title=f"Møde {number}", when=DAY) for number in range(3 * ROOM)]
    for one in more:
        await desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=one))
    before = await desk.pool.fetchval("SELECT max(due) FROM timers WHERE timer = 'meeting_reminder'")
    earlier = PROGRAMME_TERMS.terms.model_copy(update={"reminder_days": (14,)})
    await desk.hear(ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS.model_copy(update={"terms": earlier})))
    set_again = "SELECT count(*) FROM timers WHERE timer = 'meeting_reminder' AND due < $1"
    assert await desk.pool.fetchval(set_again, before) == ROOM
    await desk.ring()
    assert await desk.pool.fetchval(set_again, before) == 3 * ROOM


def ringing(alarm: Alarm) -> Timer:
    assert alarm.due is not None
    return Timer(alarm.timer, alarm.key, alarm.due, dict(alarm.data), FIRST)


async def test_nobody_is_reminded_of_the_former_date_while_the_meeting_is_being_moved(desk: Room) -> None:
    await everybody_enrolled(desk)
    await desk.hear(scheduled()[0])
    meeting, desk.time = scheduled()[0].meeting, datetime(2021, 4, 8, 6, tzinfo=UTC)
    rest = ringing(rest_of_reminder(meeting.id, {"days": 7, "date_version": 0}, "", desk.time))
    moving = desk.received(moved()[0])
    await meet(desk, lambda tx: announce_move(tx, [moving]), lambda tx: remind_the_rest(tx, [rest]))
    assert await written(desk, "nobody_registered") == []


async def test_a_meeting_that_is_being_moved_is_reminded_of_by_its_new_date(desk: Room) -> None:
    """The reminders of its programme are just being set, in slices."""
    await desk.hear(an_enrolment(), ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS), scheduled()[0])
    rest, moving = ringing(reminders_to_set(PROGRAMME.id, "f", "", desk.time)), desk.received(moved()[0])
    await meet(desk, lambda tx: announce_move(tx, [moving]), lambda tx: set_the_rest(tx, [rest]))
    alarm = await desk.pool.fetchval("SELECT data ->> 'date_version' FROM timers WHERE timer = 'meeting_reminder'")
    assert alarm == "1"
