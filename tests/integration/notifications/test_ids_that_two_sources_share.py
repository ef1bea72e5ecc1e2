"""An event is known by its source and its id: two sources may give the same id, and each answers for its own only."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.notifications.usecases.announce_meeting import announce_meeting
from services.notifications.usecases.confirm_place import confirm_place
from services.notifications.usecases.look_at_calendars import go_on_with_calendars
from services.notifications.usecases.remember_programme import remember_programme
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import MunicipalityEnrolled, ProgrammePublished
from shared.contracts.event import Event
from shared.contracts.parties import Contact
from shared.contracts.scheduling import Meeting, MeetingScheduled
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from shared.storage.tx import transaction
from tests.support.facts import DAY, PROGRAMME_TERMS, a_meeting, a_programme, an_enrolment, enrolment_id_of
from tests.support.room import BY_HAND, Room

OURS, THEIRS = "/tovholder/scheduling", "/fremmed"
PROGRAMMES = {OURS: a_programme("vores"), THEIRS: a_programme("deres")}
BEHIND = {OURS: "client/~vores", THEIRS: "client/~deres"}


def told_as_1(desk: Room, fact: Event, source: str) -> Received[Any]:
    """Every source calls its event `1`."""
    return replace(desk.received(fact), source=source, id="1", cause=Cause(f"c{source}", "1", BEHIND[source]))


def meeting_of(source: str, key: str = "oest-1") -> Meeting:
    return a_meeting(key, id=f"{PROGRAMMES[source].id}-{key}", when=DAY, group=None)


def scheduled(source: str, key: str = "oest-1") -> MeetingScheduled:
    return MeetingScheduled(owner=source, programme=PROGRAMMES[source], meeting=meeting_of(source, key))


def enrolled(source: str) -> MunicipalityEnrolled:
    programme = PROGRAMMES[source]
    name = programme.id
    return an_enrolment(
        owner=source,
        programme=programme,
        enrolment_id=enrolment_id_of(name, "0101"),
        contact=Contact(person_id=name, name="Kontakt", email=f"{name}@by.example", role="tovholder"),
        group=None,
    )


async def behind_calendars(desk: Room) -> dict[str, tuple[str, str]]:
    """What stands behind the calendar mails of each recipient."""
    rows = await desk.pool.fetch("SELECT recipient, correlation_id, actor FROM messages WHERE calendar IS NOT NULL")
    return {row["recipient"]: (row["correlation_id"], row["actor"]) for row in rows}


EACH_BY_ITS_OWN = {PROGRAMMES[one].id: (f"c{one}", BEHIND[one]) for one in (OURS, THEIRS)}


async def test_meetings_of_two_sources_in_one_batch_are_each_told_because_of_their_own_fact(desk: Room) -> None:
    await desk.hear(enrolled(OURS), enrolled(THEIRS))
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await announce_meeting(tx, [told_as_1(desk, scheduled(one), one) for one in (OURS, THEIRS)])
    assert await behind_calendars(desk) == EACH_BY_ITS_OWN


async def test_enrolments_of_two_sources_in_one_batch_are_each_told_because_of_their_own_fact(desk: Room) -> None:
    await desk.hear(scheduled(OURS), scheduled(THEIRS))
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await confirm_place(tx, [told_as_1(desk, enrolled(one), one) for one in (OURS, THEIRS)])
    assert await behind_calendars(desk) == EACH_BY_ITS_OWN


async def test_what_found_no_room_is_told_because_of_its_own_fact_as_well(desk: Room) -> None:
    await desk.hear(enrolled(OURS), enrolled(THEIRS))
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        tx.take_on(tx.room)
        await announce_meeting(tx, [told_as_1(desk, scheduled(one), one) for one in (OURS, THEIRS)])
    assert await behind_calendars(desk) == {}
    rows = await desk.pool.fetch("DELETE FROM timers WHERE timer = 'calendars' RETURNING *")
    timers = [
        Timer(
            row["timer"],
            row["key"],
            row["due"],
            json.loads(row["data"]),
            Cause(row["correlation_id"], row["causation_id"], row["actor"]),
        )
        for row in rows
    ]
    assert len(timers) == 2
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        await go_on_with_calendars(tx, timers)
    assert await behind_calendars(desk) == EACH_BY_ITS_OWN


async def test_reminders_that_two_sources_still_have_to_set_take_no_place_from_each_other(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.hear(*(scheduled(OURS, f"oest-{number}") for number in range(3)))
    monkeypatch.setattr(storage, "AT_ONCE", 1)
    terms = PROGRAMME_TERMS.model_copy(update={"ref": PROGRAMMES[OURS]})
    for source in (OURS, THEIRS):
        async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
            await remember_programme(tx, [told_as_1(desk, ProgrammePublished(owner=source, terms=terms), source)])
    waiting = await desk.pool.fetch("SELECT actor FROM timers WHERE timer = 'reminders_of_programme'")
    assert {row["actor"] for row in waiting} == set(BEHIND.values())
