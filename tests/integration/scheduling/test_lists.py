"""Lists of meetings, a page at a time."""

from __future__ import annotations

from datetime import date, time

import pytest

from services.scheduling.usecases.cancel_meeting import cancel_meeting
from services.scheduling.usecases.read_meetings import read_changes, read_meetings
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.contracts.enrollment import ProgrammePublished
from shared.contracts.programme import MeetingPlan
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import CancelMeeting, SetMeetingDate
from tests.support.facts import OWNER, PROGRAMME_TERMS, a_programme
from tests.support.paging import same_on_pages, walked
from tests.support.room import Room


async def published(diary: Room, programme_id: str) -> None:
    dated = {"precision": "timed", "starts": time(9), "ends": time(15), "place": "Odense"}
    plans = [MeetingPlan(key=f"u{n}", title=f"U {n}", kind="heldag", group="oest", precision="undated") for n in (1, 2)]
    plans += [
        MeetingPlan(key=f"d{n}", title=f"D {n}", kind="heldag", group="vest", date=date(2021, 4, 10 + n % 2), **dated)  # type: ignore[arg-type]  # a bag of fields
        for n in range(3)
    ]
    ref = a_programme(programme_id, title=programme_id)
    await diary.hear(
        ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS.model_copy(update={"ref": ref, "meetings": tuple(plans)}))
    )


async def test_meetings_come_in_pages(diary: Room) -> None:
    for programme_id in ("b", "a"):
        await published(diary, programme_id)
    assert await same_on_pages(diary, read_meetings, "meetings") == 10
    assert await same_on_pages(diary, read_meetings, "meetings", programme_id="a") == 5
    assert await same_on_pages(diary, read_meetings, "meetings", group="vest") == 6
    assert await same_on_pages(diary, read_meetings, "meetings", state="planned", programme_id="b") == 2
    keys = [one["key"] for one in (await diary.read(read_meetings, programme_id="a"))["meetings"]]
    assert keys == ["d0", "d2", "d1", "u1", "u2"]


async def test_what_comes_between_two_pages_moves_nobodys_place(diary: Room) -> None:
    await published(diary, "b")
    first = await diary.read(read_meetings, limit="2")
    await published(diary, "a")
    following = await diary.read(read_meetings, limit="2", cursor=first["next"])
    whole = [one["id"] for one in (await diary.read(read_meetings, programme_id="b"))["meetings"]]
    assert [one["id"] for one in [*first["meetings"], *following["meetings"]]] == whole[:4]


@pytest.mark.parametrize("cursor", ["", "x", "bm8", "WyJjbGFpbXMiLCJhIl0", "W10", "eyJhIjoxfQ", "WzFd", "ø"])
async def test_a_cursor_that_is_none_of_this_list_is_refused(diary: Room, cursor: str) -> None:
    with pytest.raises(Refused) as refused:
        await walked(diary, read_meetings, "meetings", 1, cursor=cursor)
    assert refused.value.code == "invalid_cursor"


@pytest.mark.parametrize(("limit", "code"), [("0", "not_a_number"), ("-1", "not_a_number"), ("many", "not_a_number")])
async def test_a_limit_that_is_none_is_refused(diary: Room, limit: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await diary.read(read_meetings, limit=limit)
    assert refused.value.code == code


async def test_every_date_of_a_meeting_is_listed_in_the_order_in_which_it_came_about(diary: Room) -> None:
    await published(diary, "a")
    (planned,) = [one for one in (await diary.read(read_meetings, programme_id="a"))["meetings"] if one["key"] == "u1"]
    for day in (date(2021, 5, 1), date(2021, 5, 1), date(2021, 6, 1)):
        await diary.ask(set_meeting_date, SetMeetingDate(meeting_id=planned["id"], day=day))
    await diary.ask(cancel_meeting, CancelMeeting(meeting_id=planned["id"], reason="Sygdom."))
    found = (await diary.read(read_changes, programme_id="a"))["changes"]
    assert [(one["state"], one["first_day"], one["reason"]) for one in found if one["key"] == "u1"] == [
        ("Planlagt (uden dato)", None, None),
        ("Dato fastsat", "2021-05-01", None),
        ("Flyttet", "2021-06-01", None),
        ("Aflyst", "2021-06-01", "Sygdom."),
    ]
    assert await same_on_pages(diary, read_changes, "changes", programme_id="a") == 8
    assert (await diary.read(read_changes, programme_id="b"))["changes"] == []
