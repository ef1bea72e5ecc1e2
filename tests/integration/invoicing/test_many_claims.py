"""Meetings and programmes with very many claims: all of them follow, a slice at a time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from shared.contracts.enrollment import ProgrammeCancelled
from shared.contracts.scheduling import MeetingCancelled
from shared.storage import tx as storage
from tests.support.facts import (
    MEETINGS_OWNER,
    OWNER,
    PROGRAMME,
    PROGRAMME_TERMS,
    a_meeting,
    a_meeting_held,
    a_person,
    an_enrolment,
    an_extra_participant,
    an_organisation,
)
from tests.support.room import Room

ROOM = 4
EACH = 5
MEETINGS = tuple(a_meeting(f"oest-{number}", title=f"Møde {number}") for number in range(3))
FEES_FALL_DUE = datetime(2020, 9, 1, 6, tzinfo=UTC)
FIRST_REMINDER = datetime(2020, 10, 2, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)


async def claimed(books: Room) -> None:
    for meeting in MEETINGS:
        for number in range(EACH):
            person = a_person(f"Person {number}", f"p{number}@by.example")
            await books.hear(an_extra_participant(meeting=meeting, person=person))


async def states(books: Room) -> Counter[str]:
    rows = await books.pool.fetch("SELECT state FROM claims WHERE kind = 'extra'")
    return Counter(row["state"] for row in rows)


async def test_claims_of_many_meetings_are_released_in_slices(books: Room) -> None:
    await claimed(books)
    await books.hear(*(a_meeting_held(meeting) for meeting in MEETINGS))
    assert await states(books) == {"ready": ROOM, "waiting": len(MEETINGS) * EACH - ROOM}
    await books.ring(books.time)
    assert await states(books) == {"ready": len(MEETINGS) * EACH}


async def test_what_ends_otherwise_meanwhile_is_settled_by_how_it_ended_last(books: Room) -> None:
    await claimed(books)
    await books.hear(*(a_meeting_held(meeting) for meeting in MEETINGS))
    await books.hear(
        *(MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting) for meeting in MEETINGS)
    )
    await books.ring(books.time)
    assert await states(books) == {"withdrawn": len(MEETINGS) * EACH}


async def test_what_is_claimed_between_two_slices_is_settled_at_once(books: Room) -> None:
    await claimed(books)
    await books.hear(*(a_meeting_held(meeting) for meeting in MEETINGS))
    await books.hear(an_extra_participant(meeting=MEETINGS[-1], person=a_person("Sen", "sen@by.example")))
    await books.ring(books.time)
    assert await states(books) == {"ready": len(MEETINGS) * EACH + 1}


async def test_fees_of_a_cancelled_programme_fall_away_in_slices(books: Room) -> None:
    for number in range(3 * ROOM):
        await books.hear(an_enrolment(enrolment_id=f"e{number}", organisation=an_organisation(f"{number:04}")))
    await books.hear(ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få."))
    assert await books.pool.fetchval("SELECT count(*) FROM claims WHERE state = 'withdrawn'") == ROOM
    await books.ring(books.time)
    assert await books.pool.fetchval("SELECT count(*) FROM claims WHERE state <> 'withdrawn'") == 0


async def test_invoices_that_fall_due_together_are_reminded_of_in_slices_each_once(books: Room) -> None:
    for number in range(3 * ROOM):
        await books.hear(an_enrolment(enrolment_id=f"e{number}", organisation=an_organisation(f"{number:04}")))
    await books.ring(FEES_FALL_DUE)
    assert await books.ring(FIRST_REMINDER) == 4
    notices = await books.pool.fetch("SELECT invoice_id, xmin::text AS transaction, told_on FROM overdue_notices")
    assert len(notices) == 3 * ROOM
    assert set(Counter(row["transaction"] for row in notices).values()) == {ROOM}
    assert {row["told_on"] for row in notices} == {date(2020, 10, 2)}
