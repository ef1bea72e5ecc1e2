"""A programme file with very many meetings: they follow it a slice at a time, each once, and the newest file counts."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.programme import MeetingPlan, ProgrammeTerms
from shared.storage import tx as storage
from tests.support.facts import MEETINGS_OWNER, OWNER, PROGRAMME_TERMS, a_programme
from tests.support.room import Room

ROOM = 4
MANY = 11


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)


def a_file(count: int, version: int = 1, first: int = 0) -> ProgrammeTerms:
    meetings = tuple(
        MeetingPlan(key=f"m{number:03}", title=f"Møde {number}", kind="heldag", group="oest", precision="undated")
        for number in range(first, first + count)
    )
    ref = a_programme(version=version, meetings_owner=MEETINGS_OWNER)
    return PROGRAMME_TERMS.model_copy(update={"ref": ref, "meetings": meetings})


async def kinds(diary: Room) -> Counter[str]:
    return Counter(type(fact).__name__ for fact in await diary.told())


async def standing(diary: Room) -> dict[str, str]:
    return {row["key"]: row["state"] for row in await diary.pool.fetch("SELECT key, state FROM meetings ORDER BY key")}


async def test_a_large_file_is_followed_in_slices(diary: Room) -> None:
    await diary.hear(ProgrammePublished(owner=OWNER, terms=a_file(MANY)))
    assert await kinds(diary) == {"MeetingPlanned": ROOM}
    assert await diary.ring() == 2
    assert await kinds(diary) == {"MeetingPlanned": MANY - ROOM}
    assert set(await standing(diary)) == {f"m{number:03}" for number in range(MANY)}
    await diary.hear(ProgrammePublished(owner=OWNER, terms=a_file(MANY)))
    assert await diary.ring() == 0
    assert await kinds(diary) == {}


async def test_files_of_one_batch_share_the_room(diary: Room) -> None:
    await diary.hear(
        ProgrammePublished(owner=OWNER, terms=a_file(ROOM)),
        ProgrammeChanged(owner=OWNER, terms=a_file(ROOM, version=2, first=ROOM)),
    )
    assert (await kinds(diary)).total() == ROOM
    await diary.ring()
    assert await kinds(diary) == {"MeetingPlanned": ROOM, "MeetingCancelled": ROOM}


async def test_a_newer_file_overtakes_what_is_left_of_an_older_one(diary: Room) -> None:
    await diary.hear(ProgrammePublished(owner=OWNER, terms=a_file(MANY)))
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=a_file(MANY, version=2, first=MANY)))
    await diary.ring()
    after = await standing(diary)
    assert {key for key, state in after.items() if state == "planned"} == {
        f"m{number + MANY:03}" for number in range(MANY)
    }
    # What the older file had come to is cancelled; the rest of it was never planned.
    assert {key for key, state in after.items() if state == "cancelled"} == {f"m{number:03}" for number in range(ROOM)}


async def test_meetings_that_many_files_no_longer_name_are_cancelled_in_slices(diary: Room) -> None:
    await diary.hear(ProgrammePublished(owner=OWNER, terms=a_file(MANY)))
    await diary.ring()
    await diary.told()
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=a_file(1, version=2)))
    assert await kinds(diary) == {"MeetingCancelled": ROOM - 1}
    await diary.ring()
    assert await kinds(diary) == {"MeetingCancelled": MANY - ROOM}
    assert [key for key, state in (await standing(diary)).items() if state == "planned"] == ["m000"]


async def test_a_cancelled_programme_cancels_its_meetings_in_slices_and_plans_none_of_the_rest(diary: Room) -> None:
    await diary.hear(ProgrammePublished(owner=OWNER, terms=a_file(2 * ROOM)))
    await diary.ring()
    await diary.told()
    await diary.hear(ProgrammeChanged(owner=OWNER, terms=a_file(MANY, version=2)))
    await diary.hear(ProgrammeCancelled(owner=OWNER, terms=a_file(MANY, version=2), reason="For få."))
    assert await kinds(diary) == {"MeetingCancelled": ROOM}
    await diary.ring()
    assert await kinds(diary) == {"MeetingCancelled": ROOM}
    assert Counter((await standing(diary)).values()) == {"cancelled": 2 * ROOM}
