"""Mails to whoever takes part lead to all that is theirs, by the link that holds, and to nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.enrollment import (
    GuestInvited,
    OwnLinksRevoked,
    ParticipantRegistered,
    ParticipantReplaced,
    SeatLink,
    TeamMemberNamed,
)
from shared.contracts.parties import Person
from shared.contracts.scheduling import MeetingRescheduled, MeetingScheduled
from tests.integration.notifications.test_team import ABOUT, ANNA, BO, ENROLLED, SEATED, dated
from tests.support import facts
from tests.support.facts import ENROLMENT_ID, MEETINGS_OWNER, ORGANISATION, OWNER, PROGRAMME
from tests.support.letters import text, written
from tests.support.room import Room

OF: dict[str, Any] = {"owner": MEETINGS_OWNER, "programme": PROGRAMME}
LAST = datetime(2021, 4, 8, 8, tzinfo=UTC)
"""A week before the meeting of the examples: the day of the reminder."""


def registered(person: Person, **paths: str) -> ParticipantRegistered:
    return ParticipantRegistered(**SEATED, person=person, extra=False, **paths)


def closed(person: Person, own_path: str | None, seat_path: str | None = None, generation: int = 1) -> OwnLinksRevoked:
    return OwnLinksRevoked(
        owner=OWNER,
        programme=PROGRAMME,
        enrolment_id=ENROLMENT_ID,
        organisation=ORGANISATION,
        person=person,
        generation=generation,
        seats=(SeatLink(meeting_id=facts.MEETING.id, path=seat_path),) if seat_path else (),
        own_page_path=own_path,
    )


async def reminded(desk: Room) -> dict[str, Any]:
    await desk.ring(LAST)
    return {one.recipient: one.says for one in await written(desk, "meeting_reminder")}


async def test_mails_lead_to_the_page_with_all_that_is_theirs_where_it_was_told_and_else_to_the_seat(
    desk: Room,
) -> None:
    await desk.hear(facts.an_enrolment(), registered(ANNA, seat_path="/moedeplads/anna", own_path="/mig/anna"))
    await desk.hear(registered(BO, seat_path="/moedeplads/bo"))
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    words = {one.recipient: one for one in await written(desk, "participant_registered")}
    said = {person: one.says["own_path"] for person, one in words.items()}
    assert said == {ANNA.person_id: "/mig/anna", BO.person_id: None}
    # Told once more by a version that says nothing of it, it stays theirs.
    desk.time += timedelta(hours=1)
    await desk.hear(ParticipantReplaced(**SEATED, person=ANNA, previous=ANNA, seat_path="/moedeplads/anna"))
    desk.time += timedelta(hours=1)
    moved = facts.MEETING.model_copy(update={"place": "Odense", "date_version": 1})
    await desk.hear(MeetingRescheduled(**OF, meeting=moved, previous=facts.MEETING.when, reason="Flyttet."))
    assert {one.recipient: one.says["own_path"] for one in await written(desk, "meeting_moved")}.items() >= said.items()
    assert {person: says["own_path"] for person, says in (await reminded(desk)).items() if person in said} == said


async def test_the_words_lead_there_alone(desk: Room) -> None:
    await desk.hear(facts.an_enrolment(), registered(ANNA, seat_path="/moedeplads/anna", own_path="/mig/anna"))
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    mail = await text(desk, "participant_registered")
    assert "Se jeres møder, giv pladsen videre eller meld fra" in mail
    assert "/mig/anna" in mail
    assert "/moedeplads/" not in mail


async def test_a_team_and_guests_are_led_to_theirs(desk: Room) -> None:
    guest = Person(person_id="g-1", name="Lærke Prøvesen", email="laerke@fgu.example")
    await desk.hear(
        ENROLLED,
        TeamMemberNamed(**ABOUT, size=1, person=ANNA, place_path="/holdplads/anna", own_path="/mig/anna"),
        GuestInvited(**{**OF, "owner": OWNER}, meeting=dated("1").meeting, guest=guest, own_path="/mig/g"),
        dated("1"),
    )
    assert {one.recipient: one.says["own_path"] for one in await written(desk, "participant_registered")} == {
        ANNA.person_id: "/mig/anna",
        "g-1": "/mig/g",
    }


LATE = pytest.mark.parametrize("late", [False, True], ids=["in the order told", "the closing is heard of first"])


async def hear_in(desk: Room, told: Any, closing: OwnLinksRevoked, *, late: bool) -> None:
    """`closing` is told an hour after `told`; they are on streams of their own."""
    at = desk.time
    for after, fact in sorted([(0, told), (1, closing)], key=lambda one: one[0], reverse=late):
        desk.time = at + timedelta(hours=after)
        await desk.hear(fact)
    desk.time = at + timedelta(hours=2)


@LATE
async def test_whose_own_links_were_closed_is_led_by_the_new_ones_and_nobody_else_is(desk: Room, *, late: bool) -> None:
    await desk.hear(facts.an_enrolment(), registered(BO, own_path="/mig/bo"))
    anna = registered(ANNA, seat_path="/moedeplads/gammel", own_path="/mig/gammel")
    await hear_in(desk, anna, closed(ANNA, "/mig/ny", "/moedeplads/ny"), late=late)
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    led = {person: (says["own_path"], says["seat_path"]) for person, says in (await reminded(desk)).items()}
    assert led.items() >= {ANNA.person_id: ("/mig/ny", "/moedeplads/ny"), BO.person_id: ("/mig/bo", None)}.items()


@LATE
async def test_on_a_team_they_are_led_by_the_new_ones_too(desk: Room, *, late: bool) -> None:
    await desk.hear(ENROLLED)
    named = TeamMemberNamed(**ABOUT, size=1, person=ANNA, place_path="/holdplads/gammel", own_path="/mig/gammel")
    await hear_in(desk, named, closed(ANNA, "/mig/ny"), late=late)
    await desk.hear(dated("1"))
    assert [one.says["own_path"] for one in await written(desk, "participant_registered")] == ["/mig/ny"]


async def test_a_seat_that_is_given_after_the_closing_keeps_its_own_link(desk: Room) -> None:
    await desk.hear(facts.an_enrolment())
    at = desk.time
    desk.time = at + timedelta(hours=1)
    await desk.hear(registered(ANNA, seat_path="/moedeplads/ny", own_path="/mig/ny"))
    desk.time = at
    await desk.hear(closed(ANNA, None))
    desk.time = at + timedelta(hours=2)
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    says = (await reminded(desk))[ANNA.person_id]
    assert (says["own_path"], says["seat_path"]) == ("/mig/ny", "/moedeplads/ny")


async def test_an_older_closing_that_comes_late_changes_nothing(desk: Room) -> None:
    await desk.hear(facts.an_enrolment(), registered(ANNA, own_path="/mig/gammel"))
    desk.time += timedelta(hours=1)
    await desk.hear(closed(ANNA, "/mig/nyest", generation=2), closed(ANNA, "/mig/anden", generation=1))
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    assert (await reminded(desk))[ANNA.person_id]["own_path"] == "/mig/nyest"


async def test_no_calendar_entry_has_anybodys_link_in_it(desk: Room) -> None:
    """Calendars are shared, and a link is a secret."""
    await desk.hear(facts.an_enrolment(), registered(ANNA, seat_path="/moedeplads/anna", own_path="/mig/anna"))
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    entries = await desk.pool.fetch("SELECT calendar::text AS entry FROM messages WHERE calendar IS NOT NULL")
    assert entries
    for row in entries:
        assert "/mig/" not in row["entry"]
        assert "/moedeplads/" not in row["entry"]
