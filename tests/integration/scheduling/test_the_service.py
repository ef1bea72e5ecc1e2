"""Scheduling as a process of its own: Kafka, intake and HTTP in, Kafka out; no other service runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.enrollment import ProgrammePublished
from shared.contracts.event import INTAKE_TOPIC, natural_id
from shared.contracts.scheduling import CompleteStep, SetMeetingDate
from tests.integration.scheduling.test_steps import TRACKS, completing
from tests.support.eventually import eventually
from tests.support.external_producer import Producer
from tests.support.facts import PROGRAMME, PROGRAMME_TERMS, cloud_event
from tests.support.oracle import read_topics
from tests.support.servers import Templates
from tests.support.stack import Installation

OEST_1 = natural_id("meeting", PROGRAMME.id, "oest-1")


@pytest.fixture
async def diary(kafka: str, _templates: Templates) -> AsyncIterator[Installation]:
    async with Installation(kafka, _templates, services=("scheduling",)) as installation:
        await installation.start("scheduling")
        yield installation


async def the_meeting(diary: Installation, state: str) -> dict[str, Any]:
    async def found() -> dict[str, Any]:
        answer = await diary.request("scheduling", "GET", f"/api/scheduling/meetings/{OEST_1}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown if shown["state"] == state else {}

    return await eventually(found, 20.0, because=f"the meeting is {state}")


async def test_a_programme_of_another_system_gets_its_meetings_dates_by_api_and_by_intake(diary: Installation) -> None:
    published = ProgrammePublished(owner=PROGRAMME.owner, terms=PROGRAMME_TERMS)
    date_command = SetMeetingDate.model_validate_json(
        f'{{"meeting_id": "{OEST_1}", "day": "2021-04-15", "starts": "09:30", "ends": "15:00"}}'
    )
    async with Producer(diary.kafka, diary.prefix) as producer:
        await producer.tell(cloud_event(published))
        await the_meeting(diary, "planned")

        first = cloud_event(date_command, event_id="ask-1")
        too_late = cloud_event(date_command.model_copy(update={"meeting_id": "x"}), event_id="ask-2")
        for ask in (first, first, too_late):
            await producer.put(INTAKE_TOPIC, json.dumps(ask).encode(), key=ask["subject"].encode())
        timed = await the_meeting(diary, "scheduled")
        assert timed["when"]["starts_at"] == "2021-04-15T07:30:00Z"

        path = f"/api/scheduling/meetings/{OEST_1}/date"
        moved = await diary.call("scheduling", "POST", path, {"day": "2021-05-20", "place": "Vejle"})
        assert (moved["state_title"], moved["date_version"]) == ("Flyttet", 1)
        wrong = await diary.request(
            "scheduling", "POST", path, {"day": "2021-05-20", "starts": "9.30", "ends": "15:00"}
        )
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "starts")

    await diary.move_clock(datetime(2021, 5, 20, 22, tzinfo=UTC))
    assert (await the_meeting(diary, "held"))["held_on"] == "2021-05-20"
    await diary.settled()
    assert await diary.broken() == []
    told = [one.event["type"].split(".")[2] for one in await read_topics(diary.where) if one.topic == "scheduling"]
    assert sorted(told) == [
        "IntakeRejected",
        "MeetingHeld",
        "MeetingPlanned",
        "MeetingRescheduled",
        "MeetingScheduled",
    ]


async def test_a_step_that_is_completed_over_the_intake_ends_as_one_over_the_api(diary: Installation) -> None:
    terms = PROGRAMME_TERMS.model_copy(update={"tracks": TRACKS})
    path = f"/api/scheduling/programmes/{PROGRAMME.id}/steps"

    async def listed(count: int) -> list[dict[str, Any]]:
        async def found() -> list[dict[str, Any]]:
            answer = await diary.request("scheduling", "GET", path)
            steps: list[dict[str, Any]] = answer.json()["steps"]
            return steps if len(steps) == count else []

        return await eventually(found, 20.0, because=f"{count} steps are completed")

    def asked(command: CompleteStep, event_id: str) -> dict[str, Any]:
        return cloud_event(command, event_id=event_id)

    async with Producer(diary.kafka, diary.prefix) as producer:
        await producer.tell(cloud_event(ProgrammePublished(owner=PROGRAMME.owner, terms=terms)))
        await the_meeting(diary, "planned")
        for number, wish in enumerate((completing(enrolment_id="i"), completing(enrolment_id="i", step="x"))):
            ask = asked(wish, f"ask-{number}")
            for _ in range(2):
                await producer.put(INTAKE_TOPIC, json.dumps(ask).encode(), key=ask["subject"].encode())
        (by_intake,) = await listed(1)

        said = completing(enrolment_id="a").model_dump(exclude_none=True)
        del said["programme_id"]
        by_api = await diary.call("scheduling", "POST", path, said)
        assert await diary.call("scheduling", "POST", path, said) == by_api
        wrong = await diary.request("scheduling", "POST", path, {**said, "step": "x"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_step")
        assert await listed(2) == [by_api, by_intake]
        own = {"id", "enrolment_id"}
        assert {key: by_api[key] for key in by_api.keys() - own} == {key: by_intake[key] for key in by_api.keys() - own}

    await diary.settled()
    assert await diary.broken() == []
    told = [one.event for one in await read_topics(diary.where) if one.topic == "scheduling"]
    assert sorted(one["type"].split(".")[2] for one in told if one["type"].split(".")[2] != "MeetingPlanned") == [
        "IntakeRejected",
        "StepCompleted",
        "StepCompleted",
    ]
