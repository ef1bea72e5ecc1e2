"""Servers that may be killed, and installations on them. `--short` runs a selection that takes minutes."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.local import postgres as embedded_postgres
from deploy.local.broker import Broker
from deploy.local.ports import free_ports
from tests.support.servers import PASSWORD, Templates
from tests.support.stack import AFTER_THE_DEADLINE, SERVICES, Installation
from tests.support.stack_servers import Machine

FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: a fault test that is left out with --short")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fault tests run when they are asked for (`-m fault`), never as a part of all tests."""
    asked = "fault" in str(config.getoption("markexpr"))
    here = Path(__file__).parent
    left_out = [
        item
        for item in items
        if here in item.path.parents
        and (not asked or (config.getoption("short", default=False) and item.get_closest_marker("long")))
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Lets fixtures know that their test has failed."""
    report: pytest.TestReport = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or bool(call.excinfo)
    return report


@pytest.fixture(scope="session")
async def machine() -> AsyncIterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="tovholder-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        port, controller_port, postgres_port = free_ports(3)
        broker = Broker(folder / "kafka", port=port, controller_port=controller_port, logs=folder)
        server = embedded_postgres.Server(folder / "postgres", port=postgres_port, password=PASSWORD, logs=folder)
        await asyncio.gather(asyncio.to_thread(broker.prepare), asyncio.to_thread(server.prepare))
        made = Machine(folder, broker, server)
        made.start("kafka")
        made.start("postgres")
        try:
            await made.usable()
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
async def templates(machine: Machine) -> Templates:
    """Dropped with the whole server."""
    return Templates(machine.server.admin_url)


@dataclass(slots=True)
class Shelf:
    """Keeps one running installation from test to test, as long as every test with it passes."""

    machine: Machine
    templates: Templates
    kept: dict[str, Installation] = field(default_factory=dict)

    async def take(self, kind: str, **options: Any) -> Installation:
        """Everything of its plan runs as usual, and nothing else does."""
        await self.machine.usable()
        installation = self.kept.pop(kind, None)
        if installation is None:
            installation = Installation(self.machine.broker.bootstrap, self.templates, drops=False, **options)
            await installation.__aenter__()
            try:
                await installation.start_all()
                if "enrollment" in installation.services:
                    await installation.publish()
                    await installation.settled()
            except BaseException:
                await installation.__aexit__()
                raise
            return installation
        for name in installation.running.keys() - installation.plan.keys():
            installation.running.pop(name).kill()
        for name in installation.plan:
            one = installation.running[name]
            if not one.alive or one.command.env["FAILPOINT"] or "tests.faults.mutants" in one.command.argv:
                one.kill()
                await installation.start(name)
        return installation

    async def give_back(self, kind: str, installation: Installation, *, failed: bool) -> None:
        if failed or installation.spoilt:
            await installation.__aexit__()
        else:
            self.kept[kind] = installation


@pytest.fixture(scope="session")
async def shelf(machine: Machine, templates: Templates) -> AsyncIterator[Shelf]:
    made = Shelf(machine, templates)
    yield made
    for installation in made.kept.values():
        with contextlib.suppress(OSError):
            await installation.__aexit__()


@pytest.fixture
async def world(shelf: Shelf, request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """All four services; the programme is published, and a claim is invoiced at once.

    Web, worker and relay of `enrollment` are processes of their own: a reader that is killed is missed by its group for
    ten seconds, and most faults here have nothing to do with it.
    """
    installation = await shelf.take(
        "world",
        roles={"enrollment": {"enrollment": "web", "enrollment-relay": "relay", "enrollment-worker": "worker"}},
        starts={"invoicing": AFTER_THE_DEADLINE},
    )
    yield installation
    await shelf.give_back("world", installation, failed=request.node.stash.get(FAILED, True))


@pytest.fixture
async def reader(shelf: Shelf, request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """Invoicing alone: whatever it reads, the test has written."""
    installation = await shelf.take("reader", services=("invoicing",))
    yield installation
    await shelf.give_back("reader", installation, failed=request.node.stash.get(FAILED, True))


@pytest.fixture
async def fresh(machine: Machine, templates: Templates) -> AsyncIterator[Any]:
    """Makes an installation for one test: `await fresh("enrollment", "invoicing")`; nothing runs in it yet."""
    made: list[Installation] = []

    async def make(*services: str, **options: Any) -> Installation:
        await machine.usable()
        one = Installation(machine.broker.bootstrap, templates, services or SERVICES, drops=False, **options)
        made.append(one)
        return await one.__aenter__()

    yield make
    for one in made:
        await one.__aexit__()
