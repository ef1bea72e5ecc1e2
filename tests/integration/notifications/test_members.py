"""A member is written to once at its mailbox; it and its people get the meetings that are for them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.enrollment import (
    EnrolmentWithdrawn,
    MemberAdmitted,
    MemberInvited,
    MemberMailboxMissing,
    MemberUninvited,
    TeamMemberNamed,
    TeamReminderDue,
)
from shared.contracts.event import Event
from shared.contracts.parties import Contact, Organisation, Person
from shared.contracts.programme import SeatTerm
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingPlanned, MeetingRescheduled, MeetingScheduled
from tests.support import facts
from tests.support.facts import MEETINGS_OWNER, OWNER, PROGRAMME
from tests.support.letters import text, written
from tests.support.room import Room

TEC = Organisation(code="hvidovre-ungepartnerskab.tec", name="TEC")
MAILBOX = Contact(person_id="tec", name="TEC", email="kontor@tec.example", role="sekretariat")
ABOUT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": "tec",
    "organisation": TEC,
}
SEATS = (SeatTerm(kind="temamoede", title="Temamøde", attendance="members", minimum=3, included=4),)
ANNA = facts.a_person("Anna Prøvesen", "anna@tec.example")


def admitted(*, ad_hoc: bool, contact: Contact = MAILBOX) -> MemberAdmitted:
    return MemberAdmitted(
        **ABOUT,
        contact=contact,
        seats=SEATS,
        ad_hoc=ad_hoc,
        inviter="Borgmesteren",
        admitted_at=facts.RECEIVED,
        participants_path="/deltagere/tec",
    )


def named(person: Person = ANNA, *, ad_hoc: bool) -> TeamMemberNamed:
    kinds = () if ad_hoc else ("temamoede",)
    return TeamMemberNamed(
        **ABOUT, contact=MAILBOX, person=person, size=1, minimum=3, most=4, kinds=kinds, of_member=True
    )


def meeting(key: str = "1", kind: str = "temamoede", **changes: Any) -> Meeting:
    return facts.a_meeting(key, **({"kind": kind, "group": None, "title": f"Møde {key}"} | changes))


def dated(key: str = "1", kind: str = "temamoede", **changes: Any) -> MeetingScheduled:
    return MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting(key, kind, **changes))


def invited(key: str = "1") -> MemberInvited:
    return MemberInvited(**ABOUT, contact=MAILBOX, meeting=meeting(key))


async def calendar_of(desk: Room, person: Person) -> list[tuple[str, str]]:
    """What their mailbox was sent, in order: the meeting, and how the calendar takes it."""
    about = {facts.meeting_id_of(PROGRAMME.id, key): key for key in ("1", "2", "3")}
    return [
        (about[one.about.partition("/")[2]], one.calendar.method)
        for one in await written(desk)
        if one.recipient == person.person_id and one.calendar is not None
    ]


async def test_its_mailbox_is_written_to_once_and_it_and_its_people_get_every_meeting_for_members(desk: Room) -> None:
    await desk.hear(dated("1"), dated("2", "andet", roles=("tovholder",)), admitted(ad_hoc=False), named(ad_hoc=False))
    await desk.hear(admitted(ad_hoc=False))
    assert await calendar_of(desk, ANNA) == [("1", "REQUEST")]
    assert await calendar_of(desk, MAILBOX) == [("1", "REQUEST")]
    said = await text(desk, "member_admitted")
    assert "Borgmesteren inviterer TEC" in said
    assert "3 til 4 personer" in said
    assert "/deltagere/tec" in said
    assert "Se og ret jeres deltagere" in await text(desk, "invitation")
    # Another mailbox is written to anew, and the calendar goes with it.
    desk.time += timedelta(hours=1)
    other = MAILBOX.model_copy(update={"person_id": "tec-2", "email": "post@tec.example"})
    await desk.hear(admitted(ad_hoc=False, contact=other))
    assert await calendar_of(desk, MAILBOX) == [("1", "REQUEST"), ("1", "CANCEL")]
    assert await calendar_of(desk, other) == [("1", "REQUEST")]
    assert await calendar_of(desk, ANNA) == [("1", "REQUEST")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_whatever_is_heard_first_an_ad_hoc_member_gets_the_meeting_it_is_invited_to(
    desk: Room, order: tuple[int, ...]
) -> None:
    told: list[Event] = [admitted(ad_hoc=True), named(ad_hoc=True), invited("1"), dated("1")]
    await desk.hear(dated("2"))
    for number in order:
        await desk.hear(told[number])
    assert await calendar_of(desk, ANNA) == [("1", "REQUEST")]
    assert await calendar_of(desk, MAILBOX) == [("1", "REQUEST")]


async def test_what_becomes_of_that_meeting_reaches_them_and_taking_it_back_takes_it_out(desk: Room) -> None:
    await desk.hear(admitted(ad_hoc=True), named(ad_hoc=True), dated("1"), dated("2"), invited("1"))
    desk.time += timedelta(hours=1)
    moved = meeting("1", date_version=1, when=facts.TIMED)
    await desk.hear(MeetingRescheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=moved, previous=facts.DAY))
    desk.time += timedelta(hours=1)
    await desk.hear(MemberUninvited(**ABOUT, contact=MAILBOX, meeting=moved))
    for person in (ANNA, MAILBOX):
        assert await calendar_of(desk, person) == [("1", "REQUEST"), ("1", "REQUEST"), ("1", "CANCEL")]
    desk.time += timedelta(hours=1)
    await desk.hear(invited("1"), invited("2"))
    cancelled = meeting("2", date_version=1)
    desk.time += timedelta(hours=1)
    await desk.hear(MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=cancelled, reason="Syg."))
    assert sorted((await calendar_of(desk, ANNA))[3:]) == [("1", "REQUEST"), ("2", "CANCEL"), ("2", "REQUEST")]


async def test_nobody_is_invited_to_what_is_over_however_long_ago_they_were_named(desk: Room) -> None:
    await desk.hear(admitted(ad_hoc=True), named(ad_hoc=True), dated("1"))
    desk.time = datetime(2021, 4, 17, 8, tzinfo=UTC)
    await desk.hear(invited("1"))
    assert await calendar_of(desk, ANNA) == await calendar_of(desk, MAILBOX) == []


async def test_one_that_comes_every_time_from_now_on_gets_all_meetings_and_one_that_does_not_loses_them(
    desk: Room,
) -> None:
    await desk.hear(admitted(ad_hoc=True), named(ad_hoc=True), dated("1"), dated("2"), invited("1"))
    desk.time += timedelta(hours=1)
    await desk.hear(admitted(ad_hoc=False))
    assert await calendar_of(desk, ANNA) == [("1", "REQUEST"), ("2", "REQUEST")]
    # A meeting that has its date since reaches those who were named while it came to single meetings.
    await desk.hear(dated("3"))
    assert (await calendar_of(desk, ANNA))[2:] == [("3", "REQUEST")]
    desk.time += timedelta(hours=1)
    await desk.hear(admitted(ad_hoc=True))
    assert sorted((await calendar_of(desk, ANNA))[3:]) == [("2", "CANCEL"), ("3", "CANCEL")]
    desk.time += timedelta(hours=1)
    await desk.hear(EnrolmentWithdrawn(**ABOUT, contact=MAILBOX))
    assert (await calendar_of(desk, MAILBOX))[-1] == ("1", "CANCEL")


async def test_staff_read_whose_mailbox_is_missing_and_who_has_named_too_few(desk: Room) -> None:
    planned = MeetingPlanned(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting(when=None, place=None))
    too_few = TeamReminderDue(
        **ABOUT,
        contact=MAILBOX,
        size=1,
        minimum=3,
        most=4,
        kinds=("temamoede",),
        of_member=True,
        participants_path="/deltagere/tec",
    )
    await desk.hear(planned, MemberMailboxMissing(**ABOUT), too_few)
    rows = await desk.pool.fetch("SELECT kind, line FROM digest_items WHERE kind ~ 'm(ember|ailbox)_' ORDER BY kind")
    assert [tuple(row) for row in rows] == [
        ("mailbox_missing", "TEC"),
        ("member_short", "TEC: 1 af mindst 3 er navngivet"),
    ]
    mail = await text(desk, "team_incomplete")
    assert "Indtil nu er 1 navngivet." in mail
    assert "faste hold" not in mail
