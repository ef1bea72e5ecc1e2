"""The broker or the database is killed under load: everybody waits, and nobody loses anything."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.stack import Installation
from tests.support.stack_servers import Machine

pytestmark = pytest.mark.fault


async def test_the_broker_is_killed_and_comes_back(world: Installation, machine: Machine) -> None:
    before = await world.sign_ups(3)
    machine.kill_kafka()
    # The API needs no broker: what is committed waits in the outbox.
    during = await world.sign_ups(3)
    machine.start("kafka")
    await machine.usable()
    for attempt in [*before, *during]:
        await world.received(attempt)
    await world.holds()


async def test_the_database_is_stopped_in_the_middle_of_everything_and_comes_back(
    world: Installation, machine: Machine
) -> None:
    signing_up = [asyncio.create_task(world.sign_up()) for _ in range(6)]
    await asyncio.wait(signing_up, return_when=asyncio.FIRST_COMPLETED)
    machine.stop_postgres_immediately()
    machine.start("postgres")
    await machine.usable()
    for attempt in await asyncio.gather(*signing_up):
        await world.received(attempt)
    await world.holds()
