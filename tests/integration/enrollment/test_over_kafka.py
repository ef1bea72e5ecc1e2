"""What other systems ask for over Kafka, and meetings as their owner tells them, on a real broker."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from deploy.local.topics import ensure_topics
from services.enrollment.app import SERVICE
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.settings import Settings
from services.enrollment.usecases.order_option import order_option
from shared.base.ids import seed_ids
from shared.contracts.enrollment import (
    EnrollmentIntakeRejected,
    EnrolMunicipality,
    MunicipalityEnrolled,
    NobodyMovedUp,
    OptionDelivered,
    OptionOrdered,
    OptionWithdrawn,
    QuoteDeclined,
    QuoteGiven,
    WithdrawEnrolment,
)
from shared.contracts.scheduling import Meeting, MeetingScheduled, StepCompleted, When
from shared.runtime.running import Running
from shared.runtime.service import open_host
from tests.integration.enrollment.test_options import IN_TURN, LEFT, STEPS, TOLD, ordering, rounds, with_options
from tests.integration.enrollment.test_steps import TRACKS, a_step
from tests.integration.enrollment.test_waiting_list import with_places
from tests.support.enrollment_desk import AARHUS, P1, Desk, sign_up
from tests.support.eventually import eventually
from tests.support.servers import MakeDatabase

START = "2020-06-01T08:00:00+00:00"


class Outside:
    """Another system: knows topics and CloudEvents, and nothing of us."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, desk: Desk) -> None:
        self._producer = producer
        self._prefix = prefix
        self.desk = desk

    async def says(self, topic: str, wire_type: str, source: str, subject: str, data: Any, **more: Any) -> str:
        event_id = secrets.token_hex(8)
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": wire_type,
            "subject": subject,
            "time": START,
            "datacontenttype": "application/json",
            **more,
            "data": json.loads(data),
        }
        headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
        await self._producer.send_and_wait(
            self._prefix + topic, json.dumps(event).encode(), key=subject.encode(), headers=headers
        )
        return event_id


@pytest.fixture
async def outside(database: MakeDatabase, kafka: str, prefix: str, link_key_file: Path) -> AsyncIterator[Outside]:
    where = await database("enrollment")
    await ensure_topics(kafka, prefix)
    settings = Settings.model_validate(
        {
            "database_url": SecretStr(where.url),
            "http_port": 0,
            "link_key_file": link_key_file,
            "kafka": kafka,
            "prefix": prefix,
            "simulated_start": START,
        }
    )
    host = await open_host(SERVICE, settings)
    running = Running(host, "all")
    await running.start()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    desk = Desk(host.pool, settings.links)
    await desk.publish()
    yield Outside(producer, prefix, desk)
    await producer.stop()
    await running.stop()
    seed_ids(None)


async def asks(outside: Outside, command: EnrolMunicipality) -> str:
    subject = f"programme/{command.programme_id}"
    return await outside.says("tovholder.intake", command.type, "/kl/crm", subject, command.model_dump_json())


async def sent(outside: Outside, wire_type: str) -> list[dict[str, Any]]:
    """Payloads of the facts of this type, sent or about to be."""
    sql = "SELECT payload FROM outbox WHERE type = $1 UNION ALL SELECT payload FROM outbox_sent WHERE type = $1"
    return [json.loads(row["payload"]) for row in await outside.desk.pool.fetch(sql, wire_type)]


async def test_a_crm_enrols_a_municipality_and_hears_a_no(outside: Outside) -> None:
    first = await asks(outside, sign_up(AARHUS))
    (enrolled,) = await eventually(lambda: sent(outside, MunicipalityEnrolled.type), 30)
    assert enrolled["data"]["enrolment_id"] == enrolment_id(P1, AARHUS)
    assert enrolled["causationid"] == first
    second = await asks(outside, sign_up(AARHUS))
    (rejected,) = await eventually(lambda: sent(outside, EnrollmentIntakeRejected.type), 30)
    assert rejected["data"]["refused_id"] == second
    assert rejected["data"]["problem"]["code"] == "already_enrolled"


async def test_when_a_sign_up_came_is_said_with_its_zone_over_the_intake_too(outside: Outside) -> None:
    """As staff speak there, whose topic it is: `test_when_a_sign_up_came_is_said_with_its_zone` asks by the API."""
    naive = await asks(outside, sign_up(AARHUS, received_at=datetime(2020, 5, 4, 9, 30)))  # noqa: DTZ001
    (rejected,) = await eventually(lambda: sent(outside, EnrollmentIntakeRejected.type), 30)
    problem = rejected["data"]["problem"]
    assert (rejected["data"]["refused_id"], problem["code"], problem["errors"][0]["field"]) == (
        naive,
        "no_time_zone",
        "received_at",
    )
    danish = datetime(2020, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    await asks(outside, sign_up(AARHUS, received_at=danish))
    (enrolled,) = await eventually(lambda: sent(outside, MunicipalityEnrolled.type), 30)
    assert datetime.fromisoformat(enrolled["data"]["received_at"]) == danish


async def test_a_meeting_that_its_owner_tells_opens_registration(outside: Outside) -> None:
    await asks(outside, sign_up(AARHUS))
    await eventually(lambda: sent(outside, MunicipalityEnrolled.type), 30)
    ref = json.loads(await outside.desk.pool.fetchval("SELECT (terms->'ref')::text FROM programmes"))
    when = When.model_validate_json('{"first_day": "2021-04-15", "last_day": "2021-04-15"}')
    meeting = Meeting(id="m1", key="vest-heldag-1", title="Møde", kind="heldag", group="vest", when=when)
    data = {"owner": "/tovholder/scheduling", "programme": ref, "meeting": meeting.model_dump(mode="json")}
    await outside.says(
        "tovholder.scheduling",
        MeetingScheduled.type,
        "/tovholder/scheduling",
        "meeting/m1",
        json.dumps(data),
        sequence="1",
    )
    await eventually(lambda: outside.desk.pool.fetchval("SELECT state FROM meetings WHERE id = 'm1'"), 30)
    answer = await outside.desk.register(enrolment_id(P1, AARHUS), "m1", "Anna")
    assert answer["seats"] == "1 af 3 pladser brugt"


async def test_what_is_bought_over_the_intake_ends_as_what_is_bought_over_the_api(outside: Outside) -> None:
    """The same steps as `test_all_of_it_is_asked_for_by_the_api_and_is_listed`."""
    await outside.desk.publish(with_options(version=2))
    await asks(outside, sign_up(AARHUS))
    await eventually(lambda: sent(outside, MunicipalityEnrolled.type), 30)
    enrolment = enrolment_id(P1, AARHUS)
    # One subject, so that they are taken in one after the other.
    for step in IN_TURN:
        path, body = STEPS[step]
        data = json.dumps({"enrolment_id": enrolment, "option_id": path.partition("/")[0], **body})
        await outside.says("tovholder.intake", f"tovholder.enrollment.{step}.v1", "/kl/crm", "ask/options", data)
    await eventually(lambda: sent(outside, OptionDelivered.type), 30)
    assert await rounds(outside.desk) == LEFT
    told = [
        one
        for fact in (OptionOrdered, QuoteGiven, QuoteDeclined, OptionWithdrawn)
        for one in await sent(outside, fact.type)
    ]
    assert len(told) == len(TOLD) - 1
    assert await sent(outside, EnrollmentIntakeRejected.type) == []


async def test_a_step_is_believed_of_the_owner_of_the_tracks_alone_and_leads_back_from_the_delivery(
    outside: Outside,
) -> None:
    await outside.desk.publish(with_options(version=2) + TRACKS)
    await asks(outside, sign_up(AARHUS))
    await eventually(lambda: sent(outside, MunicipalityEnrolled.type), 30)
    enrolment = enrolment_id(P1, AARHUS)
    ours, topic = a_step(enrolment, "analyse", option="analyse"), "tovholder.scheduling"
    forged = a_step(enrolment, option="sagsgennemgang").model_copy(update={"owner": "/kl/crm"})
    told = a_step(enrolment, option="sagsgennemgang")

    await outside.says(topic, ours.type, ours.owner, ours.subject, ours.model_dump_json(), sequence="1")
    await eventually(lambda: outside.desk.pool.fetchval("SELECT count(*) FROM completed_steps"), 30)
    await outside.says(topic, forged.type, forged.owner, forged.subject, forged.model_dump_json(), sequence="1")
    dead = await eventually(lambda: outside.desk.pool.fetch("SELECT reason, type FROM dead_letters"), 30)
    assert [tuple(row) for row in dead] == [("not_owner", StepCompleted.type)]
    assert (await outside.desk.ask(order_option, ordering(enrolment)))["state"] == "ordered"

    event = await outside.says(topic, told.type, told.owner, told.subject, told.model_dump_json(), sequence="2")
    (delivered,) = await eventually(lambda: sent(outside, OptionDelivered.type), 30)
    assert (delivered["data"]["option_id"], delivered["data"]["delivered_on"]) == ("sagsgennemgang", "2020-05-28")
    assert delivered["causationid"] == event


async def test_who_withdraws_over_the_intake_leaves_a_place_with_a_reason_for_staff(outside: Outside) -> None:
    await outside.desk.publish(with_places(1, 1, version=2))
    await asks(outside, sign_up(AARHUS))
    await eventually(lambda: sent(outside, MunicipalityEnrolled.type), 30)
    wish = WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS))
    await outside.says("tovholder.intake", wish.type, "/kl/crm", "ask/withdraw", wish.model_dump_json())
    (left,) = await eventually(lambda: sent(outside, NobodyMovedUp.type), 30)
    assert (left["data"]["why"], left["data"]["free"]) == ("Ingen står på ventelisten.", 1)
