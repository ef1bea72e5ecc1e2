"""A log that cannot be written breaks no work, and a part that dies is seen and takes the process with it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from deploy.local.locations import ROOT
from deploy.local.ports import free_ports
from shared.base.tasks import Tasks
from shared.web import coalesce
from tests.integration.runtime.test_a_service_as_a_process import Surroundings, surroundings
from tests.support.eventually import eventually
from tests.support.toy import STAFF_TOKEN, Desk

SURROUNDINGS = surroundings
MANY = "/api/toy/many"


@dataclass(slots=True)
class Unheard:
    """A toy service whose every line of log is refused."""

    process: asyncio.subprocess.Process
    client: httpx.AsyncClient

    async def ready(self) -> bool:
        assert self.process.returncode is None
        try:
            return (await self.client.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    async def put(self, name: str) -> int:
        told = {"Idempotency-Key": f'"{name}"'}
        return (await self.client.post(MANY, json={"name": name, "n": 1}, headers=told)).status_code


@asynccontextmanager
async def unheard(around: Surroundings, **environment: str) -> AsyncIterator[Unheard]:
    (port,) = free_ports(1)
    # Every write to it answers ENOSPC (full(4)).
    full = os.open("/dev/full", os.O_WRONLY)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.toy"),
        cwd=ROOT, env={**around.environment, "TOVHOLDER_HTTP_PORT": str(port), **environment}, stdout=full, stderr=full,
    )  # fmt: skip
    os.close(full)
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {STAFF_TOKEN}"}
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            toy = Unheard(process, client)
            await eventually(toy.ready, 60)
            yield toy
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_with_a_full_disk_behind_the_log_a_service_works_and_fails_as_ever(surroundings: Surroundings) -> None:
    async with unheard(surroundings) as toy:
        assert await toy.put("before") == 201
        # Each of these is told to the log: errors of ours, and a database that is away.
        assert await toy.put("bug") == 500
        assert (await toy.client.get("/fejl")).status_code == 500
        async with surroundings.without_a_database():
            assert await toy.put("after") == 503
        await eventually(toy.ready, 30)
        assert await toy.put("after") == 201
        assert "tovholder_log_lines_lost 0.0" not in (await toy.client.get("/metrics")).text
        toy.process.terminate()
        assert await asyncio.wait_for(toy.process.wait(), 30) == 0


async def test_a_part_that_dies_takes_the_process_with_it_also_when_nobody_can_be_told(
    surroundings: Surroundings,
) -> None:
    async with unheard(surroundings, FAILPOINT="relay.before_send:raise") as toy:
        assert await toy.put("kurv") == 201
        assert await asyncio.wait_for(toy.process.wait(), 30) == 1


async def test_who_waits_at_a_coalescer_that_dies_is_answered_and_so_is_who_comes_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_number: int) -> None:
        raise MemoryError

    monkeypatch.setattr(coalesce.COALESCED, "observe", dies)
    async with asyncio.timeout(10):
        first = await desk.put("kurv", path=MANY)
        second = await desk.put("kurv", path=MANY)
    assert first.status_code == second.status_code == 503
    assert desk.host.tasks.gone.is_set()
    assert await desk.host.health.reasons() == ["parts: coalescer put_things: MemoryError"]


async def test_a_part_that_ends_unasked_is_known_and_one_that_was_asked_is_not() -> None:
    tasks = Tasks()

    async def dies(_stop: asyncio.Event) -> None:
        raise ZeroDivisionError

    async def ends(_stop: asyncio.Event) -> None:
        return

    async def runs(stop: asyncio.Event) -> None:
        await stop.wait()

    tasks.start("dies", dies)
    tasks.start("ends", ends)
    tasks.start("runs", runs)
    await asyncio.wait_for(tasks.gone.wait(), 10)
    await tasks.stop("runs", "dies", "ends", "never was")
    assert tasks.lost == {"dies": "ZeroDivisionError", "ends": "ended"}
