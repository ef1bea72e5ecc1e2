"""Everything is killed again and again while people sign up; then it is left alone, and the oracle looks."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.support.eventually import eventually
from tests.support.stack import AFTER_THE_DEADLINE, SETTLE_S, Installation, Make

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(600)]

KILLS = 18
SEED = 20200601
MOST_AT_ONCE = 5
"""Sign-ups that come together after a kill; at least one does."""
MOST_UNANSWERED = 2
"""Of all sign-ups so far, when the next process is killed."""
MAILS_AT_ONCE = 4
"""Connections of one mailer: so many mails may be of unknown fate for each time that it is killed."""


async def kill_and_restart(world: Installation, dice: random.Random) -> str:
    """Some process, whatever it is doing; it is started again as a supervisor does.

    Every other one, by the seed, is back at work before it goes on; the rest have to cope with what comes meanwhile.
    """
    name = dice.choice(sorted(world.plan))
    world.running[name].kill()
    await world.start(name, wait=dice.random() < 0.5)
    return name


async def answered(world: Installation, at_least: int) -> None:
    """So many sign-ups, all that came before included."""
    await eventually(lambda: world.answered >= at_least, SETTLE_S, because=f"{at_least} sign-ups are answered")


async def test_an_hour_of_bad_luck_in_two_minutes(fresh: Make) -> None:
    world = await fresh(starts={"invoicing": AFTER_THE_DEADLINE})
    await world.start_all()
    await world.publish()
    dice = random.Random(SEED)  # noqa: S311 # which process dies is no secret
    killed = []
    asked = 0
    async with asyncio.TaskGroup() as signing_up:
        for _ in range(KILLS):
            killed.append(await kill_and_restart(world, dice))
            for _ in range(dice.randint(1, MOST_AT_ONCE)):
                signing_up.create_task(world.sign_up())
                asked += 1
            await answered(world, asked - dice.randint(0, MOST_UNANSWERED))
    for name in world.plan:
        await world.ready(world.running[name])
    unknown = "SELECT count(*) AS count FROM messages WHERE state = 'unknown'"
    await world.settled()
    (found,) = await world.rows("notifications", unknown)
    assert found["count"] <= MAILS_AT_ONCE * killed.count("notifications")
    world.unknown_mails = found["count"]
    await world.holds()
