"""The version before and this one side by side: one broker, one database each service, an upgrade under load.

The broker asks who comes, and each process logs in as its service, whichever version it is of.

`make upgrade` does this alone; `make upgrade ARGS="--before COMMIT"` takes another version to begin with.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local import process
from deploy.local.locations import ROOT
from tests.support.eventually import eventually
from tests.support.guarded import Guarded, guarded_broker
from tests.support.stack import AFTER_THE_DEADLINE, EXTRA_PRICE_ORE, PROGRAMME, SERVICES, Installation, Make

pytestmark = [pytest.mark.fault, pytest.mark.long, pytest.mark.timeout(600)]

PARTICIPANTS = 16
"""Of each municipality, so that the 98 of them last longer than the upgrade."""
INCLUDED = 3
"""The others are extra ones, a claim each."""
MEETING = "heldag-1"
DAYS = tuple(f"2020-11-{day}" for day in range(10, 19))
"""A day for the meeting, and each other day that it is moved to."""


@pytest.fixture(scope="module")
def before(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the version before."""
    commit = str(request.config.getoption("before"))
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    assert packed.returncode == 0, f"{commit} is not in this clone: git fetch --unshallow\n{packed.stderr.decode()}"
    tree = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(tree, filter="data")
    return tree


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    async with guarded_broker(tmp_path_factory.mktemp("guarded")) as made:
        yield made


class Load:
    """Municipalities sign up one after the other, each registers participants, and staff move the meeting about.

    The next one comes when the one before has its receipt by mail: what one service tells has reached the others.
    """

    def __init__(self, world: Installation, meetings: dict[str, str]) -> None:
        """`meetings`: by group."""
        self._world = world
        self._meetings = meetings
        self._days = iter(DAYS)
        self._stop = asyncio.Event()
        self.registered = 0

    async def run(self) -> None:
        while not self._stop.is_set():
            signed_up = await self._world.sign_up()
            enrolled = signed_up.answer
            meeting = self._meetings[enrolled["group"]]
            path = f"/api/enrollment/enrolments/{enrolled['enrolment_id']}/meetings/{meeting}/participants"
            for number in range(PARTICIPANTS):
                await self._asked("enrollment", path, _participant(number, enrolled["enrolment_id"]))
                self.registered += 1
            await self._world.received(signed_up)

    async def move(self) -> None:
        """The meeting of each group has its day, or another one than it had."""
        day = next(self._days)
        for meeting in self._meetings.values():
            await self._asked("scheduling", f"/api/scheduling/meetings/{meeting}/date", {"day": day})

    async def goes_on(self, more: int = 1) -> None:
        """So many municipalities have all their participants."""
        enough = self.registered + (more + 1) * PARTICIPANTS
        await eventually(lambda: self.registered >= enough, 60, because="municipalities register participants")

    def stop(self) -> None:
        self._stop.set()

    async def _asked(self, service: str, path: str, body: dict[str, Any]) -> None:
        """As a client does it: with one key, until it is answered."""
        key = f"load-{next(self._world.keys)}"

        async def answered() -> bool:
            try:
                answer = await self._world.request(service, "POST", path, body, key)
            except httpx.HTTPError:
                return False
            assert answer.is_success or answer.status_code >= 500, f"{path}: {answer.text}"
            return answer.is_success

        await eventually(answered, 60, every=0.1, because=f"{path} is answered")


def _participant(number: int, enrolment: str) -> dict[str, Any]:
    email = f"deltager{number}@{enrolment[:8]}.example"
    return {"name": f"Deltager {number}", "email": email, "accepted_price_ore": EXTRA_PRICE_ORE}


async def test_an_upgrade_under_load_loses_nothing_and_leaves_no_dead_letter(
    fresh: Make, before: Path, guarded: Guarded
) -> None:
    starts = {"invoicing": AFTER_THE_DEADLINE}
    world: Installation = await fresh(tree=before, empty=True, starts=starts, guarded=guarded)
    for service in SERVICES:
        await world.migrate(service)
    await world.start_all()
    await world.publish(before)
    load = await _with_dated_meetings(world)
    async with asyncio.TaskGroup() as loading:
        loading.create_task(load.run())
        await load.goes_on(2)
        for service in ("notifications", "invoicing", "scheduling", "enrollment"):
            await _replace(world, service, load)
        load.stop()
    await world.holds()
    (extra,) = await world.rows("invoicing", "SELECT count(*) AS count FROM claims WHERE kind = 'extra'")
    assert extra["count"] == load.registered // PARTICIPANTS * (PARTICIPANTS - INCLUDED)
    for service in SERVICES:
        assert await world.rows(service, "SELECT reason, detail FROM dead_letters") == []


async def _replace(world: Installation, service: str, load: Load) -> None:
    """The new one comes beside the old one, takes its requests and shares its work; then the old one goes."""
    await world.migrate(service, ROOT)
    new = await world.start(f"new-{service}", service=service, role="all", tree=ROOT)
    old = world.running[f"old-{service}"] = world.running[service]
    world.running[service] = world.running.pop(new.name)
    # Both are readers of one group, and both relays stand by one outbox.
    await load.move()
    await load.goes_on()
    if service != "enrollment":  # which reads of three meetings only, and they may all be the other one's
        await eventually(lambda: _has_read(world, service), 60, because=f"the new {service} reads")
    assert old.alive
    await asyncio.to_thread(process.stop, old.popen, old.command)
    await load.move()
    await load.goes_on()


async def _with_dated_meetings(world: Installation) -> Load:
    found = (await world.call("enrollment", "GET", f"/api/enrollment/meetings?programme_id={PROGRAMME}"))["meetings"]
    load = Load(world, {one["group"]: one["id"] for one in found if one["key"].endswith(MEETING)})
    await load.move()

    async def known() -> bool:
        path = f"/api/enrollment/meetings?programme_id={PROGRAMME}"
        listed = (await world.call("enrollment", "GET", path))["meetings"]
        return all(one["when"] for one in listed if one["key"].endswith(MEETING))

    await eventually(known, 30, because="enrollment knows the days")
    return load


async def _has_read(world: Installation, service: str) -> bool:
    return await world.metric(service, "tovholder_events_consumed_total") > 0
