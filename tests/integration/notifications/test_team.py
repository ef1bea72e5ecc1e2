"""Everybody on a standing team is invited to each of its meetings, whichever comes first: the person or the date."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.notifications.domain.looks import CALENDARS
from services.notifications.usecases.look_at_calendars import go_on_with_calendars
from shared.contracts.enrollment import (
    EnrolmentWithdrawn,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
    TeamReminderDue,
)
from shared.contracts.event import Event
from shared.contracts.parties import Person
from shared.contracts.programme import SeatTerm
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingRescheduled, MeetingScheduled
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from shared.storage.tx import transaction
from tests.support import facts
from tests.support.facts import CONTACT, ENROLMENT_ID, MEETINGS_OWNER, ORGANISATION, OWNER, PROGRAMME
from tests.support.letters import templates, text, written
from tests.support.room import BY_HAND, Room

SEATS = tuple(
    SeatTerm(kind=kind, title=kind, attendance="team", included=5, minimum=3) for kind in ("heldag", "temamoede")
)
ENROLLED = facts.an_enrolment(group=None, seats=SEATS)
ABOUT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
    "contact": CONTACT,
    "minimum": 3,
    "most": 5,
    "kinds": ("heldag", "temamoede"),
}
ANNA = facts.a_person("Anna Prøvesen", "anna@kobenhavn.example")
BO = facts.a_person("Bo Prøvesen", "bo@kobenhavn.example")


def meeting(key: str = "1", kind: str = "heldag", **changes: Any) -> Meeting:
    return facts.a_meeting(key, **({"kind": kind, "group": None, "title": f"Møde {key}"} | changes))


def dated(key: str = "1", kind: str = "heldag", **changes: Any) -> MeetingScheduled:
    return MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting(key, kind, **changes))


def named(person: Person, size: int = 1) -> TeamMemberNamed:
    return TeamMemberNamed(**ABOUT, person=person, size=size)


def removed(person: Person, size: int = 0) -> TeamMemberRemoved:
    return TeamMemberRemoved(**ABOUT, person=person, size=size)


async def calendar_of(desk: Room, person: Person) -> list[tuple[str, str, str]]:
    """What their mailbox was sent, in order: template, meeting, and how the calendar takes it."""
    return [
        (one.template, one.about.partition("/")[2], one.calendar.method)
        for one in await written(desk)
        if one.recipient == person.person_id and one.calendar is not None
    ]


def ids(*keys: str) -> list[str]:
    return [facts.meeting_id_of(PROGRAMME.id, key) for key in keys]


async def test_each_is_invited_to_every_meeting_of_the_teams_kinds_and_to_no_other(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), dated("2", "temamoede"), dated("3", "politisk"), dated("4", group="vest"))
    await desk.hear(dated("5", roles=("tovholder",)), named(ANNA))
    sent = await calendar_of(desk, ANNA)
    assert sorted((template, about) for template, about, _ in sent) == sorted(
        ("participant_registered", one) for one in ids("1", "2")
    )
    assert {method for _, _, method in sent} == {"REQUEST"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_whatever_is_heard_first_the_same_calendar_comes_of_it(desk: Room, order: tuple[int, ...]) -> None:
    told: list[Event] = [ENROLLED, dated("1"), named(ANNA)]
    for number in order:
        await desk.hear(told[number])
    assert await calendar_of(desk, ANNA) == [("participant_registered", *ids("1"), "REQUEST")]


async def test_what_is_dated_later_reaches_those_who_are_on_the_team_by_then(desk: Room) -> None:
    await desk.hear(ENROLLED, named(ANNA), named(BO, 2))
    desk.time += timedelta(hours=1)
    await desk.hear(removed(BO, 1))
    desk.time += timedelta(hours=1)
    await desk.hear(dated("1"))
    assert await calendar_of(desk, ANNA) == [("participant_registered", *ids("1"), "REQUEST")]
    assert await calendar_of(desk, BO) == []


async def test_whoever_is_taken_off_gets_a_cancellation_and_nobody_else_does(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), dated("2", "temamoede"), named(ANNA), named(BO, 2))
    desk.time += timedelta(hours=1)
    await desk.hear(removed(BO, 1))
    assert [method for _, _, method in await calendar_of(desk, BO)] == ["REQUEST", "REQUEST", "CANCEL", "CANCEL"]
    assert [method for _, _, method in await calendar_of(desk, ANNA)] == ["REQUEST", "REQUEST"]
    desk.time += timedelta(hours=1)
    await desk.hear(named(BO, 2))
    assert [method for _, _, method in await calendar_of(desk, BO)][4:] == ["REQUEST", "REQUEST"]


async def test_a_swap_cancels_for_the_one_and_invites_the_other(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), named(ANNA))
    desk.time += timedelta(hours=1)
    await desk.hear(TeamMemberReplaced(**ABOUT, person=BO, previous=ANNA, size=1))
    assert [method for _, _, method in await calendar_of(desk, ANNA)] == ["REQUEST", "CANCEL"]
    assert [method for _, _, method in await calendar_of(desk, BO)] == ["REQUEST"]


async def test_a_move_and_a_cancellation_of_the_meeting_reach_the_team(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1", when=facts.DAY), named(ANNA))
    desk.time += timedelta(hours=1)
    moved = meeting("1", when=facts.TIMED, date_version=1)
    whole: dict[str, Any] = {"owner": MEETINGS_OWNER, "programme": PROGRAMME}
    await desk.hear(MeetingRescheduled(**whole, meeting=moved, previous=facts.DAY))
    desk.time += timedelta(hours=1)
    await desk.hear(MeetingCancelled(**whole, meeting=moved.model_copy(update={"date_version": 2}), reason="Sne."))
    assert [(template, method) for template, _, method in await calendar_of(desk, ANNA)] == [
        ("participant_registered", "REQUEST"),
        ("invitation", "REQUEST"),
        ("meeting_cancelled", "CANCEL"),
    ]


async def test_an_enrolment_that_leaves_takes_the_meetings_out_of_the_teams_calendars_once(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), named(ANNA))
    desk.time += timedelta(hours=1)
    gone = {name: ABOUT[name] for name in ("owner", "programme", "enrolment_id", "organisation", "contact")}
    await desk.hear(removed(ANNA), EnrolmentWithdrawn(**gone))
    assert [method for _, _, method in await calendar_of(desk, ANNA)] == ["REQUEST", "CANCEL"]


async def test_an_address_that_was_told_anew_takes_the_meeting_from_the_former_one(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), named(ANNA))
    desk.time += timedelta(hours=1)
    married = ANNA.model_copy(update={"email": "anna.eksempel@kobenhavn.example"})
    await desk.hear(named(married))
    sent = [(one.email, one.calendar.method) for one in await written(desk) if one.recipient == ANNA.person_id]
    assert sorted(sent) == [
        (married.email, "REQUEST"),
        (ANNA.email, "CANCEL"),
        (ANNA.email, "REQUEST"),
    ]


async def test_a_contact_on_the_team_has_one_invitation_and_others_read_that_the_team_is_invited(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"))
    words = await text(desk, "invitation")
    assert "Alle på jeres faste hold får selv invitationen." in words
    assert "Tilmeld deltagere til mødet" not in words
    desk.time += timedelta(hours=1)
    await desk.hear(named(Person(person_id=CONTACT.person_id, name=CONTACT.name, email=CONTACT.email)))
    await desk.hear(dated("2", "politisk"))
    mine = [one.template for one in await written(desk) if one.recipient == CONTACT.person_id and one.calendar]
    assert mine == ["invitation", "participant_registered", "invitation"]


async def test_the_team_is_reminded_of_a_meeting_and_nobody_is_told_to_register(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), named(ANNA))
    await desk.ring(datetime(2021, 4, 8, 8, tzinfo=UTC))
    reminded = await written(desk, "meeting_reminder")
    assert [one.email for one in reminded] == [ANNA.email]
    assert await written(desk, "nobody_registered") == []


async def test_what_of_a_teams_meetings_found_no_room_follows_by_a_timer_and_twice_changes_nothing(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [str(number) for number in range(7)]
    await desk.hear(ENROLLED, *(dated(key) for key in keys))
    monkeypatch.setattr(storage, "AT_ONCE", 3)
    await desk.hear(named(ANNA))
    assert len(await calendar_of(desk, ANNA)) <= 3
    row = await desk.pool.fetchrow("SELECT key, due, data::text AS data FROM timers WHERE timer = $1", CALENDARS)
    assert row is not None
    assert await desk.ring() >= 2
    sent = await calendar_of(desk, ANNA)
    assert sorted(sent) == sorted(("participant_registered", one, "REQUEST") for one in ids(*keys))
    assert await desk.ring() == 0
    # Nor is it more when the same timer is carried out again, as one that was set anew meanwhile.
    again = Timer(CALENDARS, row["key"], row["due"], json.loads(row["data"]), BY_HAND)
    async with transaction(desk.pool, desk, desk.source, BY_HAND, desk.links) as tx:
        await go_on_with_calendars(tx, [again])
    await desk.ring()
    assert await calendar_of(desk, ANNA) == sent


async def test_the_timer_of_a_meeting_reminds_the_team_once(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), named(ANNA), named(BO, 2))
    assert await desk.ring(datetime(2021, 4, 8, 8, tzinfo=UTC)) >= 1
    reminded = await written(desk, "meeting_reminder")
    assert sorted(one.email for one in reminded) == [ANNA.email, BO.email]
    await desk.ring()
    assert len(await written(desk, "meeting_reminder")) == 2


async def test_a_team_that_is_too_small_is_told_to_its_contact_and_in_the_digest(desk: Room) -> None:
    short = {name: value for name, value in ABOUT.items() if name != "person"}
    await desk.hear(TeamReminderDue(**short, size=2, participants_path="/deltagere/x"))
    assert await templates(desk) == [("team_incomplete", CONTACT.email)]
    desk.time += timedelta(days=14)
    await desk.hear(TeamReminderDue(**short, size=2, participants_path="/deltagere/x"))
    assert len(await written(desk, "team_incomplete")) == 2
    await desk.ring(desk.time + timedelta(days=1))
    digests = await written(desk, "digest")
    assert "2 af mindst 3 er navngivet" in str(digests[-1].says)


SEATED: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
    "contact": CONTACT,
    "meeting": facts.MEETING,
}


async def test_a_participants_own_link_is_in_their_mail_and_stays_when_their_seat_becomes_an_extra_one(
    desk: Room,
) -> None:
    await desk.hear(facts.an_enrolment(), facts.an_extra_participant(person=BO))
    await desk.hear(ParticipantRegistered(**SEATED, person=BO, extra=True, seat_path="/moedeplads/bo"))
    await desk.hear(facts.an_extra_participant(person=BO))
    await desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=facts.MEETING))
    assert "/moedeplads/bo" in await text(desk, "participant_registered")
    await desk.ring(datetime(2021, 4, 8, 8, tzinfo=UTC))
    (reminder,) = [one for one in await written(desk, "meeting_reminder") if one.recipient == BO.person_id]
    assert reminder.says["seat_path"] == "/moedeplads/bo"


async def test_the_link_of_somebody_on_a_team_is_in_their_letters_and_reminders_and_in_nobody_elses(desk: Room) -> None:
    theirs = {"size": 2, "place_path": "/holdplads/anna"}
    await desk.hear(ENROLLED, TeamMemberNamed(**(ABOUT | theirs), person=ANNA), named(BO, 2), dated("1"))
    letters = {one.recipient: one.says for one in await written(desk, "participant_registered")}
    assert (letters[ANNA.person_id]["seat_path"], letters[BO.person_id]["seat_path"]) == ("/holdplads/anna", None)
    # Written otherwise, and told by somebody who knows of no page, it stays theirs.
    renamed = ANNA.model_copy(update={"name": "Anna Nyborg"})
    desk.time += timedelta(hours=1)
    await desk.hear(TeamMemberReplaced(**ABOUT, size=2, person=renamed, previous=ANNA))
    await desk.ring(datetime(2021, 4, 8, 8, tzinfo=UTC))
    reminded = {one.recipient: one.says for one in await written(desk, "meeting_reminder")}
    assert reminded[ANNA.person_id]["seat_path"] == "/holdplads/anna"
    assert reminded[ANNA.person_id]["on_team"]
    assert reminded[BO.person_id]["seat_path"] is None


async def test_the_contact_hears_of_a_place_that_somebody_passed_on_or_left(desk: Room) -> None:
    await desk.hear(ENROLLED, dated("1"), named(ANNA))
    desk.time += timedelta(hours=1)
    await desk.hear(TeamMemberReplaced(**ABOUT, size=1, person=BO, previous=ANNA), removed(BO))
    assert await written(desk, "place_passed_on") == []
    assert await written(desk, "place_left") == []
    desk.time += timedelta(hours=1)
    own = {**ABOUT, "size": 1, "by_participant": True}
    await desk.hear(named(ANNA), TeamMemberReplaced(**own, person=BO, previous=ANNA, place_path="/holdplads/bo"))
    desk.time += timedelta(hours=1)
    await desk.hear(TeamMemberRemoved(**(own | {"size": 0}), person=BO))
    (passed,), (left,) = await written(desk, "place_passed_on"), await written(desk, "place_left")
    assert {passed.email, left.email} == {CONTACT.email}
    assert "/holdplads/" not in str((passed.says, left.says))
    assert (left.says["size"], left.says["minimum"]) == (0, 3)
    assert [method for _, _, method in await calendar_of(desk, BO)][-2:] == ["REQUEST", "CANCEL"]


async def test_the_contact_hears_of_a_seat_that_a_participant_passed_on_or_left(desk: Room) -> None:
    await desk.hear(facts.an_enrolment(), ParticipantReplaced(**SEATED, person=BO, previous=ANNA))
    await desk.hear(ParticipantCancelled(**SEATED, person=BO))
    assert await written(desk, "seat_passed_on") == []
    assert await written(desk, "seat_left") == []
    await desk.hear(ParticipantReplaced(**SEATED, person=BO, previous=ANNA, by_participant=True))
    desk.time += timedelta(hours=1)
    await desk.hear(ParticipantCancelled(**SEATED, person=BO, by_participant=True))
    (passed,), (left,) = await written(desk, "seat_passed_on"), await written(desk, "seat_left")
    assert (passed.email, left.email) == (CONTACT.email, CONTACT.email)
    assert "Anna Prøvesen har givet sin plads" in await text(desk, "seat_passed_on")


async def test_the_contact_hears_what_an_extra_seat_costs_that_was_left_late(desk: Room) -> None:
    late = ParticipantCancelled(**SEATED, person=BO, still_billed=facts.EXTRA, free_until=date(2021, 4, 1))
    await desk.hear(facts.an_enrolment(), late)
    words = await text(desk, "seat_left")
    assert "til og med torsdag den 1." in words.replace("\n", " ")
    assert "Pris inkl. moms: 1.250,00 kr." in words


async def test_whoever_just_came_is_not_invited_and_the_contact_reads_the_price(desk: Room) -> None:
    desk.time = datetime(2021, 4, 15, 12, tzinfo=UTC)
    await desk.hear(facts.an_enrolment())
    await desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=facts.MEETING))
    await desk.hear(
        ParticipantRegistered(**SEATED, person=BO, extra=True, walked_in=True),
        facts.an_extra_participant(person=BO, walked_in=True),
    )
    assert [one.template for one in await written(desk) if one.recipient == BO.person_id] == ["walked_in"]
    assert "uden at være tilmeldt" in (await text(desk, "extra_participant")).replace("\n", " ")
