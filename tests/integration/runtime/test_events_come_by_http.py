"""`POST /events`: commands of other systems, taken once, whole, and only if somebody owns them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.support.toy import Desk

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MEETING = {"programme_id": "p", "key": "k", "title": "Møde", "kind": "heldag"}


def an_event(number: int = 1, **changes: Any) -> dict[str, Any]:
    event = {
        "specversion": "1.0",
        "id": f"crm-{number}",
        "source": "https://crm.example/0101",
        "type": "tovholder.enrollment.WithdrawEnrolment.v1",
        "subject": f"enrolment/e-{number}",
        "time": "2020-08-01T10:00:00+02:00",
        "data": {"enrolment_id": f"e-{number}"},
    }
    return {name: value for name, value in (event | changes).items() if value is not ...}


async def send(desk: Desk, body: Any, kind: str = STRUCTURED) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await desk.staff.post("/events", content=content, headers={"Content-Type": kind})


async def outbox(desk: Desk) -> list[dict[str, Any]]:
    rows = await desk.host.pool.fetch("SELECT * FROM outbox ORDER BY id")
    return [{**dict(row), "payload": json.loads(row["payload"])} for row in rows]


async def test_a_command_lies_in_the_outbox_when_it_is_answered(desk: Desk) -> None:
    answer = await send(desk, an_event())

    assert answer.status_code == 202
    assert answer.json() == {"accepted": [{"source": "https://crm.example/0101", "id": "crm-1"}]}
    (row,) = await outbox(desk)
    assert (row["topic"], row["source"], row["event_id"]) == ("tovholder.intake", "https://crm.example/0101", "crm-1")
    assert (row["key"], row["type"]) == ("enrolment/e-1", "tovholder.enrollment.WithdrawEnrolment.v1")
    assert row["actor"] == row["payload"]["actor"] == "token/staff"
    assert row["payload"]["time"] == "2020-08-01T10:00:00+02:00"
    assert row["payload"]["data"] == {"enrolment_id": "e-1"}
    assert row["sequence"] is None


async def test_what_the_sender_left_out_is_filled_in(desk: Desk) -> None:
    await send(
        desk, an_event(subject=..., time=..., actor="person/somebody-else", correlationid="theirs", traceparent="00-a")
    )

    (row,) = await outbox(desk)
    assert row["key"].startswith("intake/")
    assert row["payload"]["time"]
    assert row["payload"]["actor"] == "token/staff", "nobody says who they are in the event"
    assert row["correlation_id"] == row["payload"]["correlationid"] == "theirs"
    assert row["payload"]["traceparent"] == "00-a"


async def test_the_same_event_again_is_one_event(desk: Desk) -> None:
    answers = [await send(desk, an_event()) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202] * 3
    assert len(await outbox(desk)) == 1


async def test_it_stays_one_when_it_has_been_sent_on(desk: Desk) -> None:
    await send(desk, an_event())
    await desk.host.pool.execute("DELETE FROM outbox")
    assert (await send(desk, an_event())).status_code == 202

    assert await outbox(desk) == []


async def test_thirty_at_once_are_one_event(desk: Desk) -> None:
    answers = await asyncio.gather(*(send(desk, an_event()) for _ in range(30)))

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len(await outbox(desk)) == 1


async def test_something_else_under_a_used_id_is_refused(desk: Desk) -> None:
    await send(desk, an_event())
    answer = await send(desk, an_event(data={"enrolment_id": "e-2"}))

    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "id",
        "code": "idempotency_key_reused",
        "detail": "Samme Idempotency-Key er allerede brugt til noget andet.",
    }
    assert len(await outbox(desk)) == 1


async def test_binary_mode_is_the_same_event(desk: Desk) -> None:
    answer = await desk.staff.post(
        "/events",
        content=json.dumps({"enrolment_id": "e-1"}),
        headers={
            "Content-Type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": "crm%20%C3%A6-1",
            "ce-source": "https://crm.example/0101",
            "ce-type": "tovholder.enrollment.WithdrawEnrolment.v1",
            "ce-subject": "enrolment/e-1",
        },
    )

    assert answer.status_code == 202
    (row,) = await outbox(desk)
    assert row["event_id"] == row["payload"]["id"] == "crm æ-1"
    assert row["payload"]["data"] == {"enrolment_id": "e-1"}


async def test_a_batch_is_taken_whole_and_in_order(desk: Desk) -> None:
    answer = await send(desk, [an_event(n) for n in (3, 1, 2, 1)], BATCH)

    assert answer.status_code == 202
    assert [row["event_id"] for row in await outbox(desk)] == ["crm-3", "crm-1", "crm-2"]


async def test_one_wrong_event_refuses_its_batch_and_each_mistake_is_named(desk: Desk) -> None:
    events = [
        an_event(1),
        an_event(2, data={"enrolment_id": 7, "x": 1}),
        an_event(3, type="tovholder.nobody.DoThis.v1"),
        5,
    ]
    answer = await send(desk, events, BATCH)

    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("1.data.enrolment_id", "not_text"),
        ("1.data.x", "unknown_field"),
        ("2.type", "unknown_type"),
        ("3", "not_an_object"),
    ]
    assert await outbox(desk) == []
    assert await desk.count("http_requests") == 0


async def test_a_used_id_in_a_batch_refuses_it_whole(desk: Desk) -> None:
    await send(desk, an_event(2))
    answer = await send(desk, [an_event(1), an_event(2, subject="enrolment/other"), an_event(3)], BATCH)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["1.id"]
    assert [row["event_id"] for row in await outbox(desk)] == ["crm-2"]


async def test_the_same_id_twice_in_a_batch_for_different_things_is_refused(desk: Desk) -> None:
    answer = await send(desk, [an_event(1), an_event(1, subject="enrolment/other")], BATCH)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "used_twice"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"type": "tovholder.enrollment.MunicipalityEnrolled.v1"}, "type", "fact_refused"),
        ({"type": "tovholder.enrollment.WithdrawEnrolment.v9"}, "type", "unknown_type"),
        ({"type": "WithdrawEnrolment"}, "type", "unknown_type"),
        ({"specversion": "0.3"}, "specversion", "wrong_format"),
        ({"id": ""}, "id", "wrong_format"),
        ({"id": ...}, "id", "required"),
        ({"source": "a\nb"}, "source", "wrong_format"),
        ({"source": "x" * 256}, "source", "wrong_format"),
        ({"id": "x" * 256}, "id", "wrong_format"),
        ({"type": "x" * 256}, "type", "wrong_format"),
        ({"subject": "x" * 256}, "subject", "wrong_format"),
        ({"correlationid": "x" * 256}, "correlationid", "wrong_format"),
        ({"time": "2020-08-01T10:00:00"}, "time", "no_time_zone"),
        ({"time": "9999-01-01T00:00:00Z"}, "time", "too_large"),
        ({"data": ...}, "data", "required"),
        ({"data": ..., "data_base64": "e30="}, "data", "required"),
        ({"data": {}}, "data.enrolment_id", "required"),
        ({"data": None}, "data", "not_an_object"),
        ({"datacontenttype": "application/xml"}, "datacontenttype", "not_json"),
        ({"Trace-Id": "x"}, "Trace-Id", "bad_extension"),
        ({"data": {"enrolment_id": "e", "reason": "x" * 2_001}}, "data.reason", "too_long"),
        ({"data": {"enrolment_id": "x" * 9_000}}, "data.enrolment_id", "too_long"),
        (
            {"type": "tovholder.scheduling.PlanMeeting.v1", "data": MEETING | {"key": "x" * 9_000}},
            "data.key",
            "too_long",
        ),
        (
            {
                "type": "tovholder.enrollment.InviteMunicipalities.v1",
                "data": {"programme_id": "p", "round_id": "x" * 9_000},
            },
            "data.round_id",
            "too_long",
        ),
        ({"traceparent": "x" * 897_000}, "data", "too_large"),
    ],
)
async def test_what_nobody_could_carry_out_is_refused_at_the_door(
    desk: Desk, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = await send(desk, an_event(**changes))

    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["errors"][0]["field"], answer.json()["errors"][0]["code"]) == (field, code)
    assert await outbox(desk) == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"{}", "application/json", 415),
        (b"{}", "text/plain", 415),
        (b"{}", BATCH, 400),
        (b" " * 900_001, STRUCTURED, 413),
        (json.dumps([{}] * 501).encode(), BATCH, 413),
    ],
)
async def test_what_is_no_event_is_refused(desk: Desk, body: bytes, kind: str, status: int) -> None:
    assert (await send(desk, body, kind)).status_code == status


async def test_only_a_token_for_the_intake_may_send(desk: Desk) -> None:
    for client, status in ((desk.nobody, 401), (desk.reader, 403)):
        answer = await client.post("/events", content=json.dumps(an_event()), headers={"Content-Type": STRUCTURED})
        assert answer.status_code == status
    answer = await desk.staff.get("/events")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert await outbox(desk) == []


async def test_an_empty_batch_is_fine(desk: Desk) -> None:
    assert (await send(desk, [], BATCH)).json() == {"accepted": []}
