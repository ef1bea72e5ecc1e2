"""The oracle is worth nothing unless it sees: with each promise taken out of the product, it must say so."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.stack import EXTRA_PRICE_ORE, PROGRAMME, Installation, Make

pytestmark = pytest.mark.fault

KILLED = -signal.SIGKILL
BY_ROLES = {"enrollment": {"enrollment": "web", "enrollment-relay": "relay"}}


@pytest.fixture
async def small(fresh: Make) -> Installation:
    """Sign-ups and claims, and nothing else; what a mutant does to it can't be undone."""
    made = await fresh("enrollment", "invoicing", roles=BY_ROLES)
    await made.start_all()
    await made.publish()
    await made.settled()
    return made


async def replaced(world: Installation, name: str, mutant: str, failpoint: str = "") -> None:
    await world.stop(name)
    await world.start(name, mutant=mutant, failpoint=failpoint)


async def promises_broken(world: Installation, dead: int = 0) -> set[str]:
    """By the oracle's names, once all has settled, so that nothing is called lost that was only late."""
    world.dead["invoicing"] = dead
    await world.settled()
    world.dead.clear()
    return {one.promise for one in await world.broken()}


async def test_it_sees_an_inbox_that_forgets(small: Installation) -> None:
    await replaced(small, "invoicing", "inbox_forgets", "consumer.after_commit:kill")
    await small.sign_up()
    assert await small.running["invoicing"].ended() == KILLED
    await small.start("invoicing", mutant="inbox_forgets")
    # The event comes again, is taken for new, and its sequence says that it can't be.
    assert "no dead letters" in await promises_broken(small, dead=1)


async def test_it_sees_facts_that_are_told_outside_the_transaction(small: Installation) -> None:
    await replaced(small, "enrollment", "outbox_outside_the_transaction", "api.after_commit:kill")
    code = small.unused.pop(0)
    assert (await small.try_to_sign_up(code, "outside")).outcome == "unknown"
    assert await small.running["enrollment"].ended() == KILLED
    await small.start("enrollment")
    assert (await small.try_to_sign_up(code, "outside")).outcome == "ok"
    assert {"nothing lost", "state and facts agree"} <= await promises_broken(small)


async def test_it_sees_offsets_that_are_committed_too_early(small: Installation) -> None:
    await replaced(small, "invoicing", "offsets_before_commit", "consumer.before_commit:kill")
    await small.sign_up()
    assert await small.running["invoicing"].ended() == KILLED
    await small.start("invoicing")
    assert "nothing lost" in await promises_broken(small)


async def test_it_sees_relays_that_share_an_outbox_by_skipping_locked_rows(small: Installation) -> None:
    await replaced(small, "enrollment-relay", "relay_skips_locked_rows")
    await small.start("second-relay", service="enrollment", role="relay", mutant="relay_skips_locked_rows")
    attempt = await small.sign_up()
    path = f"/api/enrollment/enrolments/{attempt.answer['enrolment_id']}/group"
    for group in ("oest", "vest") * 6:
        await small.call("enrollment", "PUT", path, {"group": group})
    assert "order on the topic" in await promises_broken(small)


async def test_it_sees_seats_that_are_counted_before_they_are_taken(world: Installation) -> None:
    world.spoilt = True
    await replaced(world, "enrollment", "seats_counted_before_they_are_taken")
    enrolled = (await world.sign_up()).answer
    found = await world.call("enrollment", "GET", f"/api/enrollment/meetings?programme_id={PROGRAMME}")
    meeting_id = next(one["id"] for one in found["meetings"] if one["key"] == f"{enrolled['group']}-heldag-1")
    day = {"day": "2020-11-12"}
    await world.call("scheduling", "POST", f"/api/scheduling/meetings/{meeting_id}/date", day)
    path = f"/api/enrollment/enrolments/{enrolled['enrolment_id']}/meetings/{meeting_id}/participants"

    def participant(number: int) -> dict[str, Any]:
        email = f"d{number}@k.example"
        return {"name": f"Deltager {number}", "email": email, "accepted_price_ore": EXTRA_PRICE_ORE}

    async def open_for_registration() -> bool:
        return (await world.request("enrollment", "POST", path, participant(1))).is_success

    await eventually(open_for_registration, 30, every=0.3, because="the meeting has its date")
    await world.call("enrollment", "POST", path, participant(2))
    # Three seats are included in what is paid; the mutant lets both see that two are taken.
    await asyncio.gather(*(world.call("enrollment", "POST", path, participant(number)) for number in (3, 4)))
    assert "seats count" in await promises_broken(world)
