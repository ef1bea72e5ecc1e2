"""Everybody signs up in the same moment, and the service is killed in the middle of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from deploy.local.locations import ROOT
from tests.support.eventually import eventually
from tests.support.stack import PROGRAMME, Installation, Make

pytestmark = pytest.mark.fault

PLACES = 50
AT_ONCE = 64
PATIENCE_S = 240.0


async def with_places(world: Installation, organisations: int) -> None:
    """The programme has so many places and no more, and the address book as many organisations."""
    text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
    capacity = f"  capacity: {{usual: {PLACES - 10}, hard: {PLACES}}}\n  contact_label:"
    text = text.replace("  contact_label:", capacity, 1)
    await world.call("enrollment", "POST", "/api/enrollment/programmes", {"file": text})
    await world.rows(
        "enrollment",
        """
        INSERT INTO organisations (code, kind, name, sort_key)
        SELECT 'x' || n, 'other', 'Organisation ' || n, lpad(n::text, 6, '0') FROM generate_series(1, $1::integer) AS n
        """,
        organisations,
    )


async def signs_up(world: Installation, number: int, turns: asyncio.Semaphore) -> str:
    """The state it was told in the end: it asks again, by the same key, until it is answered."""

    async def answered() -> Any:
        try:
            answer = await world.request(
                "enrollment", "POST", "/api/enrollment/enrolments", world.sign_up_of(f"x{number}"), f"rush-{number}"
            )
        except httpx.HTTPError:
            return None
        assert answer.is_success or answer.status_code in {409, 503}, answer.text
        return answer.json() if answer.is_success else None

    async with turns:
        return str((await eventually(answered, PATIENCE_S, every=0.3, because=f"x{number} is answered"))["state"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [600, pytest.param(5_000, marks=pytest.mark.long)])
async def test_a_rush_gets_exactly_the_places_there_are_and_a_list_without_a_gap(fresh: Make, count: int) -> None:
    world = await fresh("enrollment", roles={"enrollment": {"enrollment": "web"}})
    await world.start_all()
    await with_places(world, count)
    turns = asyncio.Semaphore(AT_ONCE)
    rush = [asyncio.create_task(signs_up(world, number, turns)) for number in range(1, count + 1)]
    for part in (4, 2):
        await eventually(
            lambda part=part: sum(one.done() for one in rush) > count // part,  # type: ignore[misc]  # a default
            PATIENCE_S,
            because="some are answered",
        )
        world.running["enrollment"].kill()
        await world.start("enrollment")
    states = await asyncio.gather(*rush)

    assert (states.count("enrolled"), states.count("waitlisted")) == (PLACES, count - PLACES)
    rows = await world.rows("enrollment", "SELECT number, state, received_at FROM enrolments ORDER BY number")
    assert [row["number"] for row in rows] == list(range(1, count + 1))
    assert {row["state"] for row in rows[:PLACES]} == {"enrolled"}
    waiting = [row["received_at"] for row in rows[PLACES:]]
    assert waiting == sorted(waiting)
    (programme,) = await world.rows("enrollment", "SELECT taken FROM programmes")
    assert programme["taken"] == PLACES
    told = await world.rows(
        "enrollment",
        "SELECT type, count(*) AS told, count(DISTINCT key) AS of FROM outbox WHERE type LIKE '%Enrol%' GROUP BY type",
    )
    assert {(row["type"].split(".")[-2], row["told"], row["of"]) for row in told} == {
        ("MunicipalityEnrolled", PLACES, PLACES),
        ("EnrolmentWaitlisted", count - PLACES, count - PLACES),
    }
