"""A process dies at the worst moment, and is started again: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.support import oracle
from tests.support.eventually import eventually
from tests.support.stack import PROGRAMME, Installation, Make

pytestmark = pytest.mark.fault

KILLED = -signal.SIGKILL


async def restarted_with(world: Installation, name: str, failpoint: str) -> None:
    """The process runs, and will die there."""
    await world.stop(name)
    await world.start(name, failpoint=failpoint)


async def test_the_api_dies_after_commit_and_the_same_key_gets_the_same_answer(world: Installation) -> None:
    code = world.unused.pop(0)
    await restarted_with(world, "enrollment", "api.after_commit:kill")
    first = await world.try_to_sign_up(code, f"once-{code}")
    assert first.outcome == "unknown"
    assert await world.running["enrollment"].ended() == KILLED
    (stored,) = await world.rows("enrollment", "SELECT body FROM http_requests WHERE key = $1", f"once-{code}")
    await world.start("enrollment")
    body = world.sign_up_of(code)
    again = await world.request("enrollment", "POST", "/api/enrollment/enrolments", body, f"once-{code}")
    assert again.text == stored["body"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await world.try_to_sign_up(code, f"once-{code}")).answer == again.json()
    await world.holds()


@pytest.mark.parametrize(
    ("failpoint", "twice_on_the_topic"),
    [
        ("relay.before_send", False),
        ("relay.between_ack_and_move", True),
        pytest.param("relay.after_move", False, marks=pytest.mark.long),
    ],
)
async def test_the_relay_dies(world: Installation, failpoint: str, *, twice_on_the_topic: bool) -> None:
    before = {one.identity for one in await oracle.read_topics(world.where)}
    await restarted_with(world, "enrollment-relay", f"{failpoint}:kill")
    signing_up = asyncio.gather(*(asyncio.create_task(world.sign_up()) for _ in range(3)))
    assert await world.running["enrollment-relay"].ended() == KILLED
    await world.start("enrollment-relay")
    for attempt in await signing_up:
        await world.received(attempt)
    # The receipts may all follow from what was sent before the kill.
    await world.settled()
    told = [one.identity for one in await oracle.read_topics(world.where) if one.identity not in before]
    assert (len(told) > len(set(told))) == twice_on_the_topic
    await world.holds()


@pytest.mark.parametrize(
    ("service", "failpoint"),
    [
        ("invoicing", "consumer.before_commit"),
        ("invoicing", "consumer.after_commit"),
        pytest.param("notifications", "consumer.before_commit", marks=pytest.mark.long),
        pytest.param("notifications", "consumer.after_commit", marks=pytest.mark.long),
    ],
)
async def test_a_reader_dies_around_its_commit(world: Installation, service: str, failpoint: str) -> None:
    await restarted_with(world, service, f"{failpoint}:kill")
    attempt = await world.sign_up()
    enrolment_id = attempt.answer["enrolment_id"]
    assert await world.running[service].ended() == KILLED
    inbox = await world.rows(service, "SELECT 1 FROM inbox WHERE subject = $1", f"enrolment/{enrolment_id}")
    effects = await world.rows(
        service,
        "SELECT 1 FROM claims WHERE enrolment_id = $1"
        if service == "invoicing"
        else "SELECT 1 FROM messages WHERE about = 'enrolment/' || $1",
        enrolment_id,
    )
    # All of it or nothing.
    assert bool(inbox) == bool(effects) == (failpoint == "consumer.after_commit")
    await world.start(service)
    if failpoint == "consumer.after_commit":
        duplicates = "tovholder_events_duplicate_total"
        await eventually(lambda: _at_least_one(world, service, duplicates), because="the batch came again")
    await world.holds()


async def _at_least_one(world: Installation, service: str, sample: str) -> bool:
    return await world.metric(service, sample) >= 1


@pytest.mark.long
@pytest.mark.parametrize("failpoint", ["consumer.before_commit", "consumer.after_commit"])
async def test_planning_dies_and_no_meeting_is_planned_twice(fresh: Make, failpoint: str) -> None:
    world = await fresh()
    await world.start_all("enrollment", "invoicing", "notifications")
    await world.start("scheduling", failpoint=f"{failpoint}:kill")
    publishing = asyncio.create_task(world.publish())
    assert await world.running["scheduling"].ended() == KILLED
    await world.start("scheduling")
    await publishing
    meetings = await world.call("scheduling", "GET", f"/api/scheduling/meetings?programme_id={PROGRAMME}")
    assert len(meetings["meetings"]) == 16
    await world.holds()


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_the_mailer_dies_and_no_mail_goes_out_twice(world: Installation) -> None:
    """Before DATA it is safe to send again; after it nobody knows, and a person decides."""
    await restarted_with(world, "notifications", "mailer.before_data:kill")
    attempt = await world.sign_up()
    assert await world.running["notifications"].ended() == KILLED
    await world.start("notifications")
    await _comes_to_an_end(world, attempt.answer["enrolment_id"])
    await restarted_with(world, "notifications", "mailer.after_data:kill")
    attempt = await world.sign_up()
    assert await world.running["notifications"].ended() == KILLED
    await world.start("notifications")
    await _comes_to_an_end(world, attempt.answer["enrolment_id"])
    (unknown,) = await world.rows("notifications", "SELECT count(*) AS count FROM messages WHERE state = 'unknown'")
    assert unknown["count"] - world.unknown_mails <= 2
    world.unknown_mails = unknown["count"]
    await world.holds()


async def _comes_to_an_end(world: Installation, enrolment_id: str) -> None:
    """The lease of whoever died runs out first."""

    async def ended() -> bool:
        states = await world.rows(
            "notifications", "SELECT state FROM messages WHERE about = $1", f"enrolment/{enrolment_id}"
        )
        return bool(states) and all(row["state"] in ("sent", "unknown") for row in states)

    await eventually(ended, 90, because="the receipt is sent, or known to be unknown")
