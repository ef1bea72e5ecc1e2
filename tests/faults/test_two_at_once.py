"""More processes than there should be, paused ones, and groups that change while there is work."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import pytest

from tests.support.eventually import eventually
from tests.support.stack import Attempt, Installation

pytestmark = pytest.mark.fault


async def test_a_paused_relay_that_resumes_makes_nothing_but_duplicates(world: Installation) -> None:
    """It had read its outbox when it was stopped; another relay has sent all of it in the meantime."""
    first = world.running["enrollment-relay"]
    await world.start("second-relay", service="enrollment", role="relay")
    before = await world.sign_up()
    first.signal(signal.SIGSTOP)
    signing_up = asyncio.gather(*(world.sign_up() for _ in range(4)))
    for attempt in [before, *await signing_up]:
        await world.received(attempt)
    first.signal(signal.SIGCONT)
    for attempt in await world.sign_ups(3):
        await world.received(attempt)
    await world.holds()


async def test_two_relays_without_a_lock_keep_every_order(world: Installation) -> None:
    await world.stop("enrollment-relay")
    await world.start("enrollment-relay", mutant="relay_without_a_lock")
    await world.start("second-relay", service="enrollment", role="relay", mutant="relay_without_a_lock")
    for _ in range(3):
        for attempt in await world.sign_ups(3):
            await world.received(attempt)
    await world.holds()


async def keep_signing_up(world: Installation, stop: asyncio.Event) -> list[Attempt]:
    """One after the other until `stop`."""
    done = []
    while not stop.is_set():
        done.append(await world.sign_up())
        # There are 98 municipalities, and a rebalance may last.
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)
    return done


async def test_readers_of_one_group_come_and_go_in_the_middle_of_the_work(world: Installation) -> None:
    stop = asyncio.Event()
    signing_up = asyncio.create_task(keep_signing_up(world, stop))

    async def goes_on() -> None:
        """Three more claims; a rebalance may last as long as a dead reader is missed."""
        (before,) = await world.rows("invoicing", "SELECT count(*) AS count FROM claims")
        try:
            await eventually(lambda: _claims(world, before["count"] + 3), 60)
        except AssertionError:
            raise AssertionError(f"no claims any more; signing up: {signing_up}\n{world.logs()}") from None

    await world.start("second-invoicing", service="invoicing", role="worker")
    await goes_on()
    world.running["invoicing"].kill()
    await goes_on()
    await world.start("invoicing")
    await world.stop("second-invoicing")
    await goes_on()
    stop.set()
    assert len(await signing_up) > 6
    await world.holds()


async def _claims(world: Installation, at_least: int) -> bool:
    (now,) = await world.rows("invoicing", "SELECT count(*) AS count FROM claims")
    return bool(now["count"] >= at_least)


@pytest.mark.long
async def test_a_reader_that_was_paused_past_its_session_does_nothing_twice(world: Installation) -> None:
    """The group gives its partitions away; when it wakes in the middle of a batch, the other one has done it."""
    await world.stop("invoicing")
    await world.start("invoicing", failpoint="consumer.before_commit:sleep")
    await world.start("second-invoicing", service="invoicing", role="worker")
    (before,) = await world.rows("invoicing", "SELECT count(*) AS count FROM claims")
    await world.sign_ups(6)
    first = world.running["invoicing"]
    first.signal(signal.SIGSTOP)
    await eventually(lambda: _claims(world, before["count"] + 6), 90, because="the second has claimed them")
    first.signal(signal.SIGCONT)
    await world.holds()
