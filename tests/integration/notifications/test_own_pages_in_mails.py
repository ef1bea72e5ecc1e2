"""Mails to whoever takes part lead to all that is theirs, by the link that holds, and to nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.base.passes import PATHS, Reader, pass_path
from shared.contracts.enrollment import (
    GuestInvited,
    LinksRevoked,
    ParticipantRegistered,
    ParticipantReplaced,
    TeamMemberNamed,
)
from shared.contracts.parties import Person
from shared.contracts.scheduling import MeetingRescheduled, MeetingScheduled
from tests.integration.notifications.test_calendar_subscriptions import begun
from tests.integration.notifications.test_team import ABOUT, ANNA, BO, ENROLLED, SEATED, dated
from tests.support import facts
from tests.support.facts import CONTACT, ENROLMENT_ID, MEETINGS_OWNER, ORGANISATION, OWNER, PROGRAMME
from tests.support.letters import text, written
from tests.support.notifications_web import CalendarOffice
from tests.support.room import Room

OF: dict[str, Any] = {"owner": MEETINGS_OWNER, "programme": PROGRAMME}
LAST = datetime(2021, 4, 8, 8, tzinfo=UTC)
"""A week before the meeting of the examples: the day of the reminder."""


def registered(person: Person, **paths: str) -> ParticipantRegistered:
    return ParticipantRegistered(**SEATED, person=person, extra=False, **paths)


def closed(person: Person, generation: int = 1, own_path: str | None = "/mig/ny") -> LinksRevoked:
    return LinksRevoked(
        owner=OWNER,
        programme=PROGRAMME,
        enrolment_id=ENROLMENT_ID,
        organisation=ORGANISATION,
        contact=CONTACT.model_copy(update=person.model_dump()),
        generation=generation,
        standing_path="/plads/ny",
        own_path=own_path,
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


@pytest.mark.parametrize("late", [False, True], ids=["in order", "closed before the seat is heard of"])
async def test_a_contact_who_takes_part_is_led_by_the_new_link_when_theirs_were_closed(
    desk: Room, *, late: bool
) -> None:
    itself = Person.model_validate(CONTACT.model_dump(exclude={"role"}))
    seat = registered(itself, seat_path="/moedeplads/asta", own_path="/mig/gammel")
    others = registered(BO, own_path="/mig/bo")
    told: list[Any] = [closed(itself), seat] if late else [seat, closed(itself)]
    await desk.hear(facts.an_enrolment(), others, *told, MeetingScheduled(**OF, meeting=facts.MEETING))
    # An older closing that comes late changes nothing.
    await desk.hear(closed(itself, 3, "/mig/nyest"), closed(itself, 2, "/mig/anden"))
    assert {person: says["own_path"] for person, says in (await reminded(desk)).items()} == {
        itself.person_id: "/mig/nyest",
        BO.person_id: "/mig/bo",
    }


async def test_what_a_closed_link_has_let_in_is_shown_nothing_more(calendar_office: CalendarOffice) -> None:
    await begun(calendar_office)
    desk, get = calendar_office.desk, calendar_office.client.get
    reader = Reader("contact", ENROLMENT_ID, CONTACT.person_id)
    before = calendar_office.calendar_of(reader)
    receipt = pass_path(desk.links, "receipt", reader, desk.time)
    feed = (await get(before)).text.partition(f"{PATHS['calendar']}/abonnement/")[2].partition('"')[0]
    assert (await get(receipt)).status_code == (await get(before)).status_code == 200
    await desk.hear(closed(Person.model_validate(CONTACT.model_dump(exclude={"role"}))))
    assert [(await get(one)).status_code for one in (before, receipt)] == [404, 404]
    after = pass_path(desk.links, "calendar", reader, desk.time, 1)
    assert (await get(after)).status_code == 200
    # The page that it has let in leads on by passes as good as its own.
    assert before not in (await get(after)).text
    # The calendar has an address of its own, which is renewed on its page.
    assert (await get(f"{PATHS['calendar']}/abonnement/{feed}")).status_code == 200


async def test_no_calendar_entry_has_anybodys_link_in_it(desk: Room) -> None:
    """Calendars are shared, and a link is a secret."""
    await desk.hear(facts.an_enrolment(), registered(ANNA, seat_path="/moedeplads/anna", own_path="/mig/anna"))
    await desk.hear(MeetingScheduled(**OF, meeting=facts.MEETING))
    entries = await desk.pool.fetch("SELECT calendar::text AS entry FROM messages WHERE calendar IS NOT NULL")
    assert entries
    for row in entries:
        assert "/mig/" not in row["entry"]
        assert "/moedeplads/" not in row["entry"]
