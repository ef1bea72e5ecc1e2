"""A write is done once, whatever happens to the request or its answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from shared.base.cause import Cause
from shared.base.problems import Problem
from shared.contracts.event import Command
from shared.runtime.housekeeping import Housekeeping
from shared.storage.tx import Tx
from shared.web.ledger import Reply, Request, begin, store
from tests.support.eventually import eventually
from tests.support.toy import HELD, Desk


async def test_the_same_request_again_gets_the_stored_answer(desk: Desk) -> None:
    first = await desk.put("kurv", key="8e03978e-40d5-43dd-bc93-6894a57f9324")
    again = await desk.put("kurv", key="8e03978e-40d5-43dd-bc93-6894a57f9324")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"] == "/api/toy/things/kurv"
    assert again.headers["idempotency-replayed"] == "true"
    assert await desk.count() == 1
    assert await desk.count("outbox") == 1


async def test_a_key_may_be_quoted_as_the_draft_says_or_bare(desk: Desk) -> None:
    bare = await desk.put("kurv", key="abc")
    quoted = await desk.put("kurv", key='"abc"')

    assert quoted.content == bare.content
    assert await desk.count() == 1


async def test_another_body_under_the_same_key_is_refused(desk: Desk) -> None:
    await desk.put("kurv", key="k")
    other = await desk.put("spand", key="k")

    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert await desk.count() == 1


async def test_a_field_at_its_default_is_the_same_as_none(desk: Desk) -> None:
    await desk.put("kurv", key="k")
    body = {"n": 1, "note": "", "name": "kurv"}
    again = await desk.staff.post("/api/toy/things", json=body, headers={"Idempotency-Key": "k"})

    assert again.status_code == 201


@pytest.mark.parametrize(
    "key", ['"', '""', "a b", "æ".encode().decode("latin-1"), "x" * 256, '"' + "x" * 256 + '"', '"a']
)
async def test_a_malformed_key_is_refused(desk: Desk, key: str) -> None:
    answer = await desk.staff.post(
        "/api/toy/things", json={"name": "kurv", "n": 1}, headers=[(b"Idempotency-Key", key.encode("latin-1"))]
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_malformed"
    assert await desk.count() == 0


async def test_a_write_without_a_key_is_refused(desk: Desk) -> None:
    answer = await desk.staff.post("/api/toy/things", json={"name": "kurv", "n": 1})

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
    assert "Idempotency-Key" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/toy/things", "/api/toy/many"])
async def test_fifty_at_once_with_one_key_have_one_effect(desk: Desk, path: str) -> None:
    answers = await asyncio.gather(*(desk.put("kurv", key="one", path=path) for _ in range(50)))

    done = [answer for answer in answers if answer.status_code == 201]
    in_flight = [answer for answer in answers if answer.status_code == 409]
    assert len(done) + len(in_flight) == 50
    assert done
    assert len({answer.content for answer in done}) == 1
    assert {answer.json()["code"] for answer in in_flight} <= {"request_in_flight"}
    assert await desk.count() == 1
    assert await desk.count("outbox") == 1
    assert await desk.count("http_requests") == 1


async def test_a_no_is_stored_too(desk: Desk) -> None:
    first = await desk.put("taken", key="k")
    again = await desk.put("taken", key="k")

    assert first.status_code == again.status_code == 409
    assert first.headers["content-type"] == "application/problem+json"
    assert again.content == first.content
    problem = first.json()
    assert problem["type"] == "https://tovholder.example/problems/name_taken"
    assert problem["errors"] == [{"field": "name", "code": "name_taken", "detail": "Navnet er taget."}]
    assert problem["seats_left"] == 0
    assert problem["instance"].startswith("urn:uuid:")


async def test_an_error_of_ours_is_not_stored_and_leaves_nothing(desk: Desk) -> None:
    first = await desk.put("bug", key="k")
    assert first.status_code == 500
    assert first.json()["code"] == "internal_error"
    assert "ZeroDivision" not in first.text
    assert [await desk.count(table) for table in ("http_requests", "audit", "outbox", "things")] == [0, 0, 0, 0]

    repaired = await desk.put("kurv", key="k")
    assert repaired.status_code == 201


async def test_what_does_not_validate_does_not_spend_the_key(desk: Desk) -> None:
    wrong = await desk.staff.post("/api/toy/things", json={"name": "kurv"}, headers={"Idempotency-Key": "k"})
    right = await desk.put("kurv", key="k")

    assert (wrong.status_code, right.status_code) == (422, 201)


async def test_keys_belong_to_whoever_uses_them(desk: Desk) -> None:
    mine = await desk.put("kurv", key="k")
    theirs = await desk.writer.post("/api/toy/things", json={"name": "spand", "n": 1}, headers={"Idempotency-Key": "k"})

    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert await desk.count() == 2


async def test_audit_says_who_did_what_and_not_what_was_said(desk: Desk) -> None:
    answer = await desk.put("hemmelig-kurv", key="k")
    await desk.put("taken", key="l")

    rows = await desk.host.pool.fetch("SELECT * FROM audit ORDER BY id")
    assert [(row["principal"], row["route"], row["command"], row["status"]) for row in rows] == [
        ("token/staff", "POST /api/toy/things", "tovholder.toy.PutThing.v1", 201),
        ("token/staff", "POST /api/toy/things", "tovholder.toy.PutThing.v1", 409),
    ]
    assert rows[0]["correlation_id"] == answer.headers["x-correlation-id"]
    assert "hemmelig" not in str([dict(row) for row in rows])


async def test_what_follows_carries_the_request_as_its_cause(desk: Desk) -> None:
    answer = await desk.put("kurv")

    row = await desk.host.pool.fetchrow("SELECT correlation_id, causation_id, actor FROM outbox")
    assert row is not None
    assert dict(row) == {
        "correlation_id": answer.headers["x-correlation-id"],
        "causation_id": None,
        "actor": "token/staff",
    }


async def test_answers_are_forgotten_after_thirty_days(desk: Desk) -> None:
    await desk.put("kurv", key="old")
    await desk.put("spand", key="new")
    await desk.host.pool.execute(
        "UPDATE http_requests SET stored_at = stored_at - $1::interval WHERE key = 'old'", timedelta(days=30, seconds=1)
    )

    assert await Housekeeping(desk.host).once() == 1
    assert await desk.host.pool.fetchval("SELECT array_agg(key) FROM http_requests") == ["new"]


async def test_a_connection_that_dies_in_the_middle_is_tried_again(desk: Desk) -> None:
    kill = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event = 'ClientRead' AND state = 'idle in transaction'"
    )
    holder = await asyncpg.connect(desk.database.admin_url)
    try:
        await holder.execute("SELECT pg_advisory_lock($1)", HELD)
        asking = asyncio.create_task(desk.put("held", key="k"))
        await eventually(lambda: holder.fetchval(kill), because="the request is in its transaction")
    finally:
        await holder.close()

    answer = await asking
    assert answer.status_code == 201
    assert await desk.count() == 1


async def test_what_was_stored_by_the_same_press_is_no_repetition(desk: Desk) -> None:
    """The word of its COMMIT was lost, so that it is tried once more: nobody was answered before."""
    mine, other = (Cause(one, None, "token/a") for one in ("mine", "other"))
    press = Request("token/a", "k" * 16, b"f", "PutThing", Command(), mine, 201)

    async def work(tx: Tx) -> None:
        await store(tx, [(press, Reply(201, "{}", "mine"))])

    await desk.host.door.in_transaction(work, mine)
    found: list[Reply | Problem | None] = []

    async def again(tx: Tx) -> None:
        found.extend(await begin(tx, [press]) + await begin(tx, [replace(press, cause=other)]))

    await desk.host.door.in_transaction(again, mine)
    assert [one.replayed for one in found if isinstance(one, Reply)] == [False, True]
