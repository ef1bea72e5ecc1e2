"""Networks are merged: all of the one goes to the other, told once, and later sign-ups land there, too."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.merge_groups import merge_groups
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.read_programmes import read_programme
from shared.contracts.enrollment import (
    ChangeGroup,
    EnrolmentRegrouped,
    MergeGroups,
    MunicipalityEnrolled,
    ParticipantCancelled,
)
from shared.contracts.refusal import Refused
from tests.integration.enrollment.test_waiting_list import enrolled, id_of, with_places
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.meeting_point import meet

MERGED = MergeGroups(programme_id=P1, group="oest", into="vest", reason=" For få i Øst. ")


async def group_of(desk: Desk, code: str) -> str | None:
    found: dict[str, Any] = await desk.read(read_enrolment, enrolment_id=await id_of(desk, code))
    return found["group"]


async def test_places_and_waiting_ones_move_each_told_once_and_their_people_leave_the_old_meetings(
    desk: Desk,
) -> None:
    await desk.publish(with_places(2, 2))
    assert await enrolled(desk, sign_up(KOEBENHAVN), sign_up(AARHUS), sign_up(HVIDOVRE)) == [
        "enrolled",
        "enrolled",
        "waitlisted",
    ]
    meeting = await desk.has_meeting(group="oest")
    await desk.register(await id_of(desk, KOEBENHAVN), meeting.id, "Bo Hansen")
    await desk.told()
    answer = await desk.ask(merge_groups, MERGED)
    assert (answer["moved"], [one["meeting_id"] for one in answer["meetings_left"]]) == (2, [meeting.id])
    told = await desk.told()
    moved = [one for one in told if isinstance(one, EnrolmentRegrouped)]
    assert {(one.organisation.code, one.previous_group, one.group, one.merged, one.reason) for one in moved} == {
        (KOEBENHAVN, "oest", "vest", True, "For få i Øst."),
        (HVIDOVRE, "oest", "vest", True, "For få i Øst."),
    }
    assert len(moved) == 2
    assert [one.person.name for one in told if isinstance(one, ParticipantCancelled)] == ["Bo Hansen"]
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 2, "places are the programme's"

    assert (await desk.ask(merge_groups, MERGED))["moved"] == 0
    assert await desk.told() == []
    assert (await desk.read(read_programme, programme_id=P1))["merged_groups"] == {"oest": "vest"}


async def test_later_sign_ups_land_in_it_also_under_a_later_version_of_the_file(desk: Desk) -> None:
    await desk.publish()
    await desk.ask(merge_groups, MERGED)
    await enrolled(desk, sign_up(KOEBENHAVN))
    later = programme_text().replace("version: 1", "version: 2", 1)
    await desk.ask(publish_programme, PublishProgramme(file=later))
    await enrolled(desk, sign_up(HVIDOVRE), sign_up(AARHUS, group="oest"))
    told = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert [one.group for one in told] == ["vest", "vest", "vest"]

    without = later.replace("version: 2", "version: 3", 1).replace("vest", "nord")
    assert "id: nord" in without
    refused = await desk.refusal(publish_programme, PublishProgramme(file=without))
    assert refused.code == "merged_group_missing"


async def test_what_was_merged_into_something_that_is_merged_follows_it(desk: Desk) -> None:
    three = programme_text().replace("groups:\n", "groups:\n  - {id: midt, title: Midt, regions: []}\n", 1)
    await desk.publish(three)
    await desk.ask(merge_groups, MERGED)
    await enrolled(desk, sign_up(KOEBENHAVN))
    onwards = MergeGroups(programme_id=P1, group="vest", into="midt", reason="Ét netværk.")
    assert (await desk.ask(merge_groups, onwards))["moved"] == 1
    assert await group_of(desk, KOEBENHAVN) == "midt"
    await enrolled(desk, sign_up(HVIDOVRE))
    assert await group_of(desk, HVIDOVRE) == "midt"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"group": "nord"}, "unknown_group"),
        ({"into": "nord"}, "unknown_group"),
        ({"into": "oest"}, "same_group"),
        ({"reason": " "}, "required"),
        ({"programme_id": "findes-ikke"}, "unknown_programme"),
    ],
)
async def test_what_cannot_be_merged_is_refused(desk: Desk, changes: dict[str, str], code: str) -> None:
    await desk.publish()
    assert (await desk.refusal(merge_groups, MERGED.model_copy(update=changes))).code == code


async def test_nobody_goes_into_a_group_that_is_no_more(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(merge_groups, MERGED)
    for usecase, wish in (
        (change_group, ChangeGroup(enrolment_id=enrolment, group="oest")),
        (merge_groups, MergeGroups(programme_id=P1, group="vest", into="oest", reason="Tilbage.")),
    ):
        assert (await desk.refusal(usecase, wish)).code == "group_merged"  # type: ignore[arg-type] # one of each


async def test_many_move_in_slices_each_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.publish()
    rows = await desk.pool.fetch(
        "SELECT code FROM organisations WHERE region LIKE '%Hovedstaden' ORDER BY code LIMIT 5"
    )
    codes = [row["code"] for row in rows]
    await enrolled(desk, *map(sign_up, codes))
    await desk.told()
    monkeypatch.setattr("shared.storage.tx.AT_ONCE", 2)
    assert (await desk.ask(merge_groups, MERGED))["moved"] == 2
    while await desk.ring():
        pass
    moved = [one.organisation.code for one in await desk.told() if isinstance(one, EnrolmentRegrouped)]
    assert sorted(moved) == codes


@pytest.mark.parametrize("merged_first", [True, False])
async def test_whoever_is_moved_into_it_at_the_same_moment_is_moved_on_or_refused(
    desk: Desk, *, merged_first: bool
) -> None:
    enrolment = await desk.has_enrolled()

    def moving(tx: Any) -> Awaitable[Any]:
        return change_group(tx, ChangeGroup(enrolment_id=enrolment, group="oest"))

    def merging(tx: Any) -> Awaitable[Any]:
        return merge_groups(tx, MERGED)

    _, second = await meet(desk, *((merging, moving) if merged_first else (moving, merging)))
    assert isinstance(second, Refused) is merged_first
    assert await group_of(desk, AARHUS) == "vest"


async def test_the_form_offers_the_groups_that_there_are(town: Town) -> None:
    await town.desk.publish()
    answer = await town.api("POST", f"/programmes/{P1}/groups/oest/merger", {"into": "vest", "reason": "For få."})
    assert answer.status_code == 200, answer.text
    page = (await town.client.get(f"/tilmeld/{P1}")).text
    assert 'value="vest"' in page
    assert 'value="oest"' not in page
