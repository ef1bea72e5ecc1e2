"""What is armed is carried out once, in order, and one that fails holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.base.cause import Cause
from shared.runtime import timers as timers_module
from tests.support.eventually import eventually
from tests.support.servers import Database
from tests.support.toy import SERVICE, Desk, a_desk, ring

START = datetime(2020, 8, 1, 8, 0, tzinfo=UTC)
ARMED_BY = Cause("c-1", "e-1", "person/p-1")


@pytest.fixture
async def desk(toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:
    async with a_desk(toy_database, link_key_file, simulated_start=START) as open_desk:
        yield open_desk


async def arm(desk: Desk, *armed: tuple[str, str, timedelta], **data: int) -> None:
    async with desk.host.transaction(ARMED_BY) as tx:
        for timer, key, after in armed:
            tx.arm(timer, key, START + after, data)


async def rung(desk: Desk) -> list[tuple[str, str]]:
    rows = await desk.host.pool.fetch("SELECT timer, key FROM rung ORDER BY id")
    return [(row["timer"], row["key"]) for row in rows]


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(desk.host.timers.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def test_nothing_comes_before_its_time(desk: Desk) -> None:
    await arm(desk, ("ring", "later", timedelta(hours=1)))

    assert not await desk.host.timers.round()
    desk.host.clock.move(START + timedelta(hours=1), 1)
    assert await desk.host.timers.round()
    assert await rung(desk) == [("ring", "later")]
    assert await desk.count("timers") == 0


async def test_order_is_due_then_timer_then_key_however_far_the_clock_jumps(desk: Desk) -> None:
    hour = timedelta(hours=1)
    await arm(
        desk,
        ("ring", "b", hour),
        ("ring", "a", 3 * hour),
        ("alarm", "z", 2 * hour),
        ("alarm", "y", hour),
        ("ring", "a2", hour),
    )
    desk.host.clock.move(START + timedelta(days=30), 1)
    while await desk.host.timers.round():
        pass

    assert await rung(desk) == [("alarm", "y"), ("ring", "a2"), ("ring", "b"), ("alarm", "z"), ("ring", "a")]


async def test_neighbours_of_one_name_are_carried_out_together(desk: Desk) -> None:
    await arm(desk, *(("ring", f"{i:03d}", timedelta(0)) for i in range(450)))
    rounds = 0
    while await desk.host.timers.round():
        rounds += 1

    assert rounds == 3
    assert await rung(desk) == [("ring", f"{i:03d}") for i in range(450)]


async def test_a_timer_may_arm_itself_again(desk: Desk) -> None:
    await arm(desk, ("ring", "again", timedelta(0)), left=3)
    while await desk.host.timers.round():
        pass

    assert await rung(desk) == [("ring", "again")] * 4


async def test_the_cause_is_whoever_armed_it(desk: Desk) -> None:
    await arm(desk, ("ring", "x", timedelta(0)))
    await desk.host.timers.round()

    assert await desk.host.pool.fetchval("SELECT actor FROM rung") == "person/p-1"


async def test_a_bad_one_among_many_waits_alone_and_says_so(desk: Desk) -> None:
    await arm(desk, *(("ring", key, timedelta(0)) for key in ("a", "bad", "c")), ("zzz-unknown", "x", timedelta(0)))
    while await desk.host.timers.round():
        pass

    assert await rung(desk) == [("ring", "a"), ("ring", "c")]
    assert list(desk.host.timers.failing) == ["ring bad"]
    assert await desk.host.pool.fetchval("SELECT key FROM timers WHERE timer = 'ring'") == "bad"


async def test_a_bad_one_is_tried_again_later_and_then_all_is_well(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers_module, "LONGEST_PAUSE", 0.01)
    await arm(desk, ("ring", "bad", timedelta(0)))
    await desk.host.timers.round()
    assert desk.host.timers.failing

    async with desk.host.transaction(ARMED_BY) as tx:
        tx.disarm("ring", "bad")
        tx.arm("ring", "good", START)
    async with running(desk):
        await eventually(lambda: rung(desk))
    assert await rung(desk) == [("ring", "good")]
    assert not desk.host.timers.failing


async def test_two_instances_carry_each_out_once(desk: Desk) -> None:
    other = type(desk.host)(SERVICE, desk.host.settings, desk.host.pool, desk.host.clock)
    await arm(desk, *(("ring" if i % 3 else "alarm", f"{i:04d}", timedelta(seconds=i)) for i in range(300)))
    desk.host.clock.move(START + timedelta(hours=1), 1)

    async def all_of(host: object) -> None:
        while await desk.count("timers"):
            await host.timers.round()  # type: ignore[attr-defined]  # a Host

    await asyncio.gather(all_of(desk.host), all_of(other))

    assert [key for _, key in await rung(desk)] == [f"{i:04d}" for i in range(300)]


async def test_the_loop_wakes_when_the_clock_moves_and_when_something_is_armed(desk: Desk) -> None:
    await arm(desk, ("ring", "moved", timedelta(days=1)))
    async with running(desk):
        desk.host.clock.move(START + timedelta(days=1), 1)
        await eventually(lambda: rung(desk), 0.9)
        await arm(desk, ("ring", "armed", timedelta(days=1)))
        await eventually(lambda: _two(desk), 0.9)


async def _two(desk: Desk) -> bool:
    return len(await rung(desk)) == 2


async def test_the_loop_lives_through_a_lost_database(desk: Desk) -> None:
    async with running(desk):
        with suppress(Exception):
            await desk.host.pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            )
        await eventually(lambda: _armed(desk), 10)
        await eventually(lambda: rung(desk), 10)


async def _armed(desk: Desk) -> bool:
    try:
        await arm(desk, ("ring", "after", timedelta(0)))
    except Exception:  # noqa: BLE001  (the pool may still hand out a dead connection)
        return False
    return True


async def test_in_real_time_a_timer_comes_when_it_is_due(toy_database: Database, link_key_file: Path) -> None:
    async with a_desk(toy_database, link_key_file) as desk, running(desk):
        due = desk.host.clock.now() + timedelta(milliseconds=300)
        async with desk.host.transaction(ARMED_BY) as tx:
            tx.arm("ring", "soon", due)
        await eventually(lambda: rung(desk), 5)
        assert await desk.host.pool.fetchval("SELECT at >= due AND at < due + interval '1 second' FROM rung")


async def test_a_table_names_each_timer_once(desk: Desk) -> None:
    twice = [timers_module.at("ring", ring)] * 2
    with pytest.raises(ValueError, match="twice"):
        timers_module.Timers(twice, desk.host.transaction, desk.host.clock, desk.host.activity)
