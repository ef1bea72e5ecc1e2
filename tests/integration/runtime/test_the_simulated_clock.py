"""A simulated clock moves only forward, survives a restart, and lets others see when all is quiet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import Database
from tests.support.toy import Desk, a_desk

START = datetime(2020, 8, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
async def simulated(toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:
    async with a_desk(toy_database, link_key_file, simulated_start=START) as desk:
        yield desk


async def move(desk: Desk, to: datetime, generation: int) -> int:
    body = {"now": to.isoformat(), "generation": generation}
    return (await desk.staff.post("/_clock", json=body)).status_code


async def test_it_exists_only_in_a_simulation(desk: Desk) -> None:
    assert (await desk.staff.get("/_clock")).status_code == 404
    assert await move(desk, START, 1) == 404


async def test_only_staff_may_ask_it_and_move_it(simulated: Desk) -> None:
    body = {"now": (START + timedelta(days=1)).isoformat(), "generation": 1}
    for client, status in ((simulated.nobody, 401), (simulated.reader, 403), (simulated.writer, 403)):
        assert (await client.get("/_clock")).status_code == status
        assert (await client.post("/_clock", json=body)).status_code == status
    assert simulated.host.clock.now() == START


async def test_it_starts_where_it_was_told_and_says_what_is_going_on(simulated: Desk) -> None:
    state = (await simulated.staff.get("/_clock")).json()

    assert state["service"] == "toy"
    assert state["now"] == "2020-08-01T08:00:00Z"
    assert (state["generation"], state["busy"], state["outbox"], state["pending"]) == (0, 0, 0, 0)
    assert state["next_due"] is None


async def test_it_moves_forward_and_never_back(simulated: Desk) -> None:
    later = START + timedelta(days=1)
    assert await move(simulated, later, 1) == 200
    assert await move(simulated, later, 1) == 200, "the same step again is the same step"
    assert await move(simulated, START, 2) == 409
    assert await move(simulated, later + timedelta(days=1), 1) == 409, "another step under a known generation"
    assert await move(simulated, later + timedelta(days=1), 2) == 200
    assert simulated.host.clock.now() == later + timedelta(days=1)


async def test_what_is_no_time_is_refused(simulated: Desk) -> None:
    for body in ({"now": "2020-09-01T00:00:00", "generation": 1}, {"now": "x", "generation": 1}, {"generation": 1}, []):
        assert (await simulated.staff.post("/_clock", json=body)).status_code == 422


async def test_work_and_timers_show(simulated: Desk) -> None:
    before = (await simulated.staff.get("/_clock")).json()
    await simulated.put("timed")
    after = (await simulated.staff.get("/_clock")).json()

    assert after["done"] > before["done"]
    assert after["outbox"] == 1
    assert after["next_due"] == "2020-08-01T08:00:00Z"


async def test_looking_alone_is_not_work(simulated: Desk) -> None:
    first = (await simulated.staff.get("/_clock")).json()
    assert not await simulated.host.timers.round()
    await simulated.staff.get("/livez")

    assert (await simulated.staff.get("/_clock")).json() == first


async def test_what_happens_carries_domain_time_and_its_answer_machine_time(simulated: Desk) -> None:
    await move(simulated, START + timedelta(days=40), 1)
    await simulated.put("kurv")

    assert await simulated.host.pool.fetchval("SELECT occurred_at FROM outbox") == START + timedelta(days=40)
    assert await simulated.host.pool.fetchval("SELECT now() - stored_at < interval '1 minute' FROM http_requests")


async def test_a_restart_does_not_turn_it_back(toy_database: Database, link_key_file: Path) -> None:
    async with a_desk(toy_database, link_key_file, simulated_start=START) as desk:
        await move(desk, START + timedelta(days=3), 5)
    async with a_desk(toy_database, link_key_file, simulated_start=START) as again:
        state = (await again.staff.get("/_clock")).json()

    assert (state["now"], state["generation"]) == ("2020-08-04T08:00:00Z", 5)


async def test_who_waits_is_answered_when_nothing_goes_on_and_else_when_the_time_is_over(simulated: Desk) -> None:
    assert (await simulated.staff.get("/_clock?wait=5")).json()["busy"] == 0
    with simulated.host.activity.busy():
        assert (await simulated.staff.get("/_clock?wait=0.05")).json()["busy"] == 1
        waiting = asyncio.create_task(simulated.staff.get("/_clock?wait=5"))
        answered, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert not answered
    assert (await waiting).json()["busy"] == 0
    assert (await simulated.staff.get("/_clock?wait=soon")).status_code == 422


async def test_who_knows_what_was_done_is_told_the_same_until_something_is(simulated: Desk) -> None:
    async def asked(query: str) -> dict[str, Any]:
        found: dict[str, Any] = (await simulated.staff.get(f"/_clock?{query}")).json()
        return found

    known = (await asked(""))["done"]
    # Written by nobody who counts: only a look into the database would find it.
    due = START + timedelta(days=2)
    arm = "INSERT INTO timers (timer, key, due, data, correlation_id) VALUES ($2, 'k', $1, '{}', 'c')"
    await simulated.host.pool.execute(arm, due, "ring")
    # Nobody here will ever carry this one out, so nobody waits for it.
    await simulated.host.pool.execute(arm, START, "no-such-timer")
    assert (await asked(f"done={known}"))["next_due"] is None
    assert (await asked(f"done={known + 1}"))["next_due"] == "2020-08-03T08:00:00Z"
    assert (await asked(f"done={known}"))["next_due"] == "2020-08-03T08:00:00Z"
    moved = {"now": (START + timedelta(days=1)).isoformat(), "generation": 1}
    told = (await simulated.staff.post(f"/_clock?done={known}", json=moved)).json()
    assert (told["now"], told["generation"]) == ("2020-08-02T08:00:00Z", 1), "the clock's own hands are always new"
    await simulated.put("kurv")
    assert (await asked(f"done={known}"))["outbox"] == 1
    assert (await simulated.staff.get("/_clock?done=some")).status_code == 422
