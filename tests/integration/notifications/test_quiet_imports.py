"""Whoever is imported without a mail hears of nothing that was so by then, and of all that comes later as anybody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from shared.contracts.enrollment import (
    EnrolmentWaitlisted,
    ParticipantRegistered,
    ProgrammePublished,
    TeamMemberNamed,
    TovholderAppointed,
)
from shared.contracts.event import Event
from shared.contracts.programme import SeatTerm
from shared.contracts.scheduling import MeetingRescheduled, MeetingScheduled, When
from tests.support import facts
from tests.support.facts import (
    CONTACT,
    DAY,
    ENROLMENT_ID,
    MEETINGS_OWNER,
    ORGANISATION,
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    RECEIVED,
)
from tests.support.letters import calendars, contents, templates, written
from tests.support.room import Room

LATER = When(first_day=date(2021, 5, 20), last_day=date(2021, 5, 20))
BO = facts.a_person("Bo Prøvesen", "bo@kobenhavn.example")
ANNA = facts.a_person("Anna Prøvesen", "anna@kobenhavn.example")
ABOUT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
    "contact": CONTACT,
}
DATED = MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=facts.a_meeting())
MOVED = MeetingRescheduled(
    owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=facts.a_meeting(when=LATER, date_version=1), previous=DAY
)
ENROLLED = facts.an_enrolment(billing_missing=("ean",), quiet=True)
TEAM = {"minimum": 3, "most": 5, "kinds": ("heldag",), "size": 1}


def seated(person: Any = BO, *, quiet: bool = True) -> ParticipantRegistered:
    return ParticipantRegistered(**ABOUT, meeting=facts.a_meeting(), person=person, extra=False, quiet=quiet)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_in_whatever_order_it_is_heard_nobody_is_written_to_until_the_meeting_moves(
    desk: Room, order: tuple[int, ...]
) -> None:
    imported_at = desk.time
    told: list[tuple[timedelta, Event]] = [
        (-timedelta(days=1), DATED),
        (timedelta(), ENROLLED),
        (timedelta(), seated()),
    ]
    for number in order:
        desk.time = imported_at + told[number][0]
        await desk.hear(told[number][1])
    assert await templates(desk) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM digest_items") == 0

    desk.time = imported_at + timedelta(days=3)
    await desk.hear(MOVED)
    assert sorted(await templates(desk)) == [
        ("participant_registered", BO.email),
        ("save_the_date", CONTACT.email),
    ]
    assert sorted(await contents(desk)) == sorted((BO.email, CONTACT.email))


async def test_a_meeting_that_gets_its_date_after_the_import_invites_as_any_other(desk: Room) -> None:
    await desk.hear(ENROLLED, seated())
    desk.time += timedelta(days=1)
    await desk.hear(DATED)
    assert sorted(await contents(desk)) == sorted((BO.email, CONTACT.email))


async def test_the_first_mail_to_whoever_came_quietly_says_who_has_their_data_also_where_it_is_a_reminder(
    desk: Room,
) -> None:
    terms = PROGRAMME_TERMS.model_copy(
        update={"terms": PROGRAMME_TERMS.terms.model_copy(update={"reminder_days": (14, 2)})}
    )
    await desk.hear(ProgrammePublished(owner=OWNER, terms=terms), DATED, ENROLLED, seated())
    await desk.ring(datetime(2021, 4, 1, 6, tzinfo=UTC))
    await desk.ring(datetime(2021, 4, 13, 6, tzinfo=UTC))
    first, second = await written(desk, "meeting_reminder")
    assert [(one.email, "introduction" in one.says) for one in (first, second)] == [
        (BO.email, True),
        (BO.email, False),
    ]


async def test_what_becomes_of_others_writes_to_nobody_who_came_quietly(desk: Room) -> None:
    """Somebody new is registered, and hears of it alone, though all the municipality's calendars are looked at."""
    await desk.hear(DATED)
    desk.time += timedelta(hours=1)
    await desk.hear(ENROLLED, seated())
    desk.time += timedelta(hours=1)
    await desk.hear(seated(ANNA, quiet=False))
    other = CONTACT.model_copy(update={"person_id": "p-ny", "name": "Ny Prøvesen", "email": "ny@kobenhavn.example"})
    await desk.hear(TovholderAppointed(**ABOUT | {"contact": other}, former=CONTACT))
    invited = [one for one in await templates(desk) if one[0] in {"participant_registered", "invitation"}]
    assert sorted(invited) == [("invitation", other.email), ("participant_registered", ANNA.email)]


async def test_who_was_told_of_a_meeting_before_the_import_is_told_of_its_move_all_the_same(desk: Room) -> None:
    """The move was before the import, and is heard after it."""
    begun = desk.time
    await desk.hear(facts.an_enrolment(), DATED)
    assert "invitation" in [template for template, _ in await templates(desk)]
    desk.time = begun + timedelta(days=2)
    await desk.hear(seated(facts.a_person(CONTACT.name, CONTACT.email)))
    before = await templates(desk)
    desk.time = begun + timedelta(days=1)
    await desk.hear(MOVED)
    assert [email for _, email in (await templates(desk))[len(before) :]] == [CONTACT.email]


async def test_a_team_that_is_imported_quietly_is_invited_to_what_is_dated_later(desk: Room) -> None:
    seats = (SeatTerm(kind="heldag", title="Heldag", attendance="team", included=5, minimum=3),)
    await desk.hear(DATED)
    desk.time += timedelta(hours=1)
    named = TeamMemberNamed(**ABOUT, **TEAM, person=BO, quiet=True)
    await desk.hear(facts.an_enrolment(seats=seats, quiet=True), named)
    assert await templates(desk) == []
    desk.time += timedelta(hours=1)
    later = facts.a_meeting("oest-2", when=LATER)
    await desk.hear(MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=later))
    assert {email for _, email in await templates(desk)} == {BO.email, CONTACT.email}
    assert {email: len(client.calendar) for email, client in (await calendars(desk)).items()} == {
        BO.email: 1,
        CONTACT.email: 1,
    }


async def test_a_quiet_place_on_the_waiting_list_is_told_when_it_becomes_a_place(desk: Room) -> None:
    waits = {name: value for name, value in ABOUT.items() if name != "contact"}
    await desk.hear(EnrolmentWaitlisted(**waits, contact=CONTACT, received_at=RECEIVED, number=13, quiet=True))
    assert await templates(desk) == []
    desk.time += timedelta(days=1)
    await desk.hear(facts.an_enrolment(from_waiting_list=True))
    assert [template for template, _ in await templates(desk)] == ["place_confirmed"]
