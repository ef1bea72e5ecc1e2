"""What is armed is carried out once, in order, and one that fails holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.base.activity import Activity
from shared.base.cause import Cause
from shared.runtime import timers as timers_module
from shared.runtime.timers import Timer, Timers, TimerUseCase, at
from shared.storage.tx import Tx
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


async def test_one_that_takes_too_long_every_time_holds_up_nobody_behind_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database ends it each time, as it would end anything on a bad day."""
    monkeypatch.setattr(timers_module, "FIRST_PAUSE", 0.001)

    async def too_long(tx: Tx, timers: Sequence[Timer]) -> None:
        if any(timer.key == "long" for timer in timers):
            await tx.execute("SET LOCAL statement_timeout = 1")
            await tx.execute("SELECT count(*) FROM generate_series(1, 1000000000)")
        await ring(tx, timers)

    host = desk.host
    timers = Timers([at("ring", too_long), at("zzz", ring)], host.transaction, host.clock, Activity())
    await arm(desk, *((name, key, timedelta(0)) for name, key in (("ring", "a"), ("ring", "long"), ("zzz", "x"))))
    stop = asyncio.Event()
    loop = asyncio.create_task(timers.run(stop))

    async def all_others() -> bool:
        return await rung(desk) == [("ring", "a"), ("zzz", "x")]

    await eventually(all_others)
    assert timers.failing == {"ring long": "QueryCanceledError"}
    stop.set()
    await loop


async def test_after_a_bad_one_is_gone_its_neighbours_go_together_again(desk: Desk) -> None:
    await arm(desk, ("ring", "bad", timedelta(0)), ("ring", "c", timedelta(0)))
    while await desk.host.timers.round():
        pass
    async with desk.host.transaction(ARMED_BY) as tx:
        tx.disarm("ring", "bad")
    assert not await desk.host.timers.round()
    await arm(desk, ("ring", "d", timedelta(0)), ("ring", "e", timedelta(0)))

    assert await desk.host.timers.round()
    assert await rung(desk) == [("ring", "c"), ("ring", "d"), ("ring", "e")]


async def test_what_a_round_does_not_carry_out_is_locked_for_nobody(desk: Desk) -> None:
    async def one(tx: Tx, timers: Sequence[Timer]) -> None:
        async with asyncio.timeout(8):
            await arm(desk, ("ring", "b", timedelta(hours=1)), ("zzz", "x", timedelta(hours=1)))
        await ring(tx, timers)

    host = desk.host
    table = [at("ring", one, at_once=1), at("zzz", ring)]
    await arm(desk, *((name, key, timedelta(0)) for name, key in (("ring", "a"), ("ring", "b"), ("zzz", "x"))))
    timers = Timers(table, host.transaction, host.clock, Activity())
    assert await timers.round()
    assert await rung(desk) == [("ring", "a")]
    assert not await timers.round()


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


async def test_who_fails_or_is_unknown_is_looked_at_when_its_time_has_come_and_not_before(
    toy_database: Database, link_key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds are counted by the pauses that are asked for; none is taken."""
    async with a_desk(toy_database, link_key_file) as desk:
        async with desk.host.transaction(ARMED_BY) as tx:
            for name, key in (("ring", "bad"), ("no-such-timer", "x"), ("no-such-timer", "y")):
                tx.arm(name, key, START)
        with capture_logs() as said:
            pauses = await _pauses(desk, monkeypatch, 40)
        again_in = next(line["again_in"] for line in said if line["event"] == "timer_failed")

        assert sum(pauses[:10]) > min(again_in, timers_module.LOOK_SECONDS) * 9
        assert [line["timer"] for line in said if line["event"] == "timer_unknown" and line["alarm"]] == [
            "no-such-timer"
        ]
        assert desk.host.timers.unknown == ("no-such-timer",)
        assert await desk.count("timers") == 3


async def test_who_failed_is_tried_again_when_its_pause_is_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers_module, "LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(timers_module, "LOOK_SECONDS", 3600.0)
    await arm(desk, ("ring", "bad", timedelta(0)))
    tries = timers_module.TIMERS_FAILED.labels("ring")._value
    before = tries.get()
    async with running(desk):
        await eventually(lambda: tries.get() >= before + 5)


async def test_what_another_instance_is_in_the_middle_of_is_not_asked_for_again_and_again(
    toy_database: Database, link_key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_desk(toy_database, link_key_file) as desk:
        async with desk.host.transaction(ARMED_BY) as tx:
            tx.arm("ring", "due", START)
        async with desk.host.transaction(ARMED_BY) as elsewhere:
            await elsewhere.execute("SELECT pg_advisory_xact_lock($1)", timers_module._LOCK)
            assert await _pauses(desk, monkeypatch, 5) == [timers_module.LOOK_SECONDS] * 5


async def _pauses(desk: Desk, monkeypatch: pytest.MonkeyPatch, count: int) -> list[float]:
    """For how long the loop would wait after each of its first rounds; nobody waits."""
    pauses: list[float] = []
    stop = asyncio.Event()

    async def at_once(*_events: asyncio.Event, seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == count:
            stop.set()
        return False

    with monkeypatch.context() as patch:
        patch.setattr(timers_module, "first_of", at_once)
        await asyncio.wait_for(desk.host.timers.run(stop), 30)
    return pauses


async def test_what_is_set_anew_in_the_moment_it_rings_rings_then_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both transactions meet between the look and the removal."""
    hour = timedelta(hours=1)
    await arm(desk, ("ring", "x", timedelta(0)))
    execute, anew = Tx.execute, []

    async def waits_or_is_done() -> bool:
        waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return anew[0].done() or bool(await desk.host.pool.fetchval(waits))

    async def meeting(tx: Tx, sql: str, *args: object) -> str:
        if sql.startswith("DELETE FROM timers USING unnest") and not anew:
            anew.append(asyncio.create_task(arm(desk, ("ring", "x", hour))))
            await eventually(waits_or_is_done)
        return await execute(tx, sql, *args)

    monkeypatch.setattr(Tx, "execute", meeting)
    assert await desk.host.timers.round()
    await asyncio.wait_for(anew[0], 10)

    assert await rung(desk) == [("ring", "x")]
    desk.host.clock.move(START + hour, 1)
    assert await desk.host.timers.round()
    assert await rung(desk) == [("ring", "x")] * 2


async def test_a_round_and_whoever_sets_several_anew_wait_for_each_other_in_one_order(desk: Desk) -> None:
    """The one that is due first comes last by its name, which is the order in which several are set."""
    await arm(desk, ("ring", "b", timedelta(0)), ("ring", "a", timedelta(seconds=1)))
    desk.host.clock.move(START + timedelta(hours=1), 1)
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with desk.host.transaction(ARMED_BY) as tx:
        tx.arm("ring", "a", START + timedelta(days=1))
        await tx.flush()
        ringing = asyncio.create_task(desk.host.timers.round())
        await eventually(lambda: desk.host.pool.fetchval(waits), because="the round waits")
        tx.arm("ring", "b", START + timedelta(days=1))
    await asyncio.wait_for(ringing, 10)
    assert await rung(desk) == []
    assert await desk.count("timers") == 2


async def test_nobody_waits_in_line_behind_an_instance_that_is_in_the_middle_of_a_round(desk: Desk) -> None:
    """It may be long, and whoever waited would hold rows that it wants to arm."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def long(_tx: Tx, _timers: Sequence[Timer]) -> None:
        entered.set()
        await leave.wait()

    def instance(usecase: TimerUseCase) -> Timers:
        return Timers([at("ring", usecase)], desk.host.transaction, desk.host.clock, Activity())

    await arm(desk, ("ring", "a", timedelta(0)), ("ring", "b", timedelta(0)))
    first = asyncio.create_task(instance(long).round())
    await asyncio.wait_for(entered.wait(), 10)
    async with asyncio.timeout(8):
        assert not await instance(ring).round()
    leave.set()
    assert await first
    assert await rung(desk) == []
    assert await desk.count("timers") == 0


async def test_a_table_names_each_timer_once(desk: Desk) -> None:
    twice = [at("ring", ring)] * 2
    with pytest.raises(ValueError, match="twice"):
        Timers(twice, desk.host.transaction, desk.host.clock, desk.host.activity)
