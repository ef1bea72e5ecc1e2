"""More processes than there should be, paused ones, and groups that change while there is work."""

from __future__ import annotations

import asyncio
import signal

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
        # A queue of its own would hide what the fault does to the one who waits.
        await asyncio.sleep(0.05)
    return done


async def assigned(world: Installation, name: str) -> bool:
    return (await world.http.get(f"{world.running[name].url}/readyz")).is_success


async def test_readers_of_one_group_come_and_go_in_the_middle_of_the_work(world: Installation) -> None:
    stop = asyncio.Event()
    signing_up = asyncio.create_task(keep_signing_up(world, stop))
    await world.start("second-invoicing", service="invoicing", role="worker")
    claimed = "SELECT count(*) AS count FROM claims"
    (before,) = await world.rows("invoicing", claimed)
    await eventually(lambda: _more(world, claimed, before["count"] + 3), 40, because="both take part")
    world.running["invoicing"].kill()
    (before,) = await world.rows("invoicing", claimed)
    await eventually(lambda: _more(world, claimed, before["count"] + 3), 40, because="the other one goes on alone")
    await world.start("invoicing")
    await world.stop("second-invoicing")
    stop.set()
    assert len(await signing_up) > 6
    await world.holds()


async def _more(world: Installation, query: str, than: int) -> bool:
    (now,) = await world.rows("invoicing", query)
    return bool(now["count"] > than)


@pytest.mark.long
async def test_a_reader_that_was_paused_past_its_session_does_nothing_twice(world: Installation) -> None:
    """The group gives its partitions away; when it wakes in the middle of a batch, the other one has done it."""
    await world.stop("invoicing")
    await world.start("invoicing", failpoint="consumer.before_commit:sleep")
    await world.start("second-invoicing", service="invoicing", role="worker")
    attempts = await world.sign_ups(6)
    first = world.running["invoicing"]
    first.signal(signal.SIGSTOP)
    for attempt in attempts:
        enrolment = attempt.answer["enrolment_id"]
        query = f"SELECT count(*) AS count FROM claims WHERE enrolment_id = '{enrolment}'"  # noqa: S608 # our own id
        await eventually(lambda query=query: _more(world, query, 0), 90, because="the second has claimed it")
    first.signal(signal.SIGCONT)
    await world.holds()
