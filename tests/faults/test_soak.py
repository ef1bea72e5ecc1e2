"""Everything is killed again and again while people sign up; then it is left alone, and the oracle looks."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from tests.support.stack import AFTER_THE_DEADLINE, Installation, Make

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(600)]

SECONDS = 90.0
SEED = 20200601
MAILS_AT_ONCE = 4
"""Connections of one mailer: so many mails may be of unknown fate for each time that it is killed."""


async def kill_and_restart(world: Installation, dice: random.Random) -> str:
    """Some process, at some moment; it is started again as a supervisor does."""
    name = dice.choice(sorted(world.plan))
    world.running[name].kill()
    await world.start(name, wait=False)
    return name


async def sign_up_steadily(world: Installation, until: float) -> None:
    while time.monotonic() < until and len(world.unused) > 10:
        await world.sign_up()
        # A steady trickle is never finished before the killing is.
        await asyncio.sleep(0.3)


async def test_an_hour_of_bad_luck_in_a_minute_and_a_half(fresh: Make) -> None:
    world = await fresh(starts={"invoicing": AFTER_THE_DEADLINE})
    await world.start_all()
    await world.publish()
    dice = random.Random(SEED)  # noqa: S311 # which process dies is no secret
    until = time.monotonic() + SECONDS
    signing_up = asyncio.create_task(sign_up_steadily(world, until))
    killed = []
    while time.monotonic() < until:
        killed.append(await kill_and_restart(world, dice))
        # How long they are left alone is a part of the fault, drawn from the seed.
        await asyncio.sleep(dice.uniform(2, 8))
    await signing_up
    for name in world.plan:
        await world.ready(world.running[name])
    unknown = "SELECT count(*) AS count FROM messages WHERE state = 'unknown'"
    await world.settled()
    (found,) = await world.rows("notifications", unknown)
    assert found["count"] <= MAILS_AT_ONCE * killed.count("notifications")
    world.unknown_mails = found["count"]
    await world.holds()
