"""Servers that may be killed, and installations on them. `--short` runs a selection that takes minutes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.local import kafka as embedded_kafka
from deploy.local import postgres as embedded_postgres
from deploy.local import process
from deploy.local.ports import free_ports
from tests.support.servers import PASSWORD, _Templates
from tests.support.stack import SERVICES, Installation

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


@dataclass(slots=True)
class Machine:
    """A broker and a PostgreSQL that a test may kill; both always come back before the next test."""

    folder: Path
    broker: embedded_kafka.Broker
    server: embedded_postgres.Server
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        command = self.broker.command() if name == "kafka" else self.server.command()
        self.running[name] = process.start(command)

    async def usable(self) -> None:
        await asyncio.gather(
            embedded_kafka.wait_until_usable(self.broker.bootstrap),
            embedded_postgres.wait_until_usable(self.server.admin_url),
        )

    def kill_kafka(self) -> None:
        """As a power cut: no controlled shutdown."""
        process.kill_group(self.running["kafka"])
        self.running["kafka"].wait()

    def stop_postgres_immediately(self) -> None:
        """As `pg_ctl stop -m immediate`: sessions die where they are, and the next start recovers from the log."""
        self.running["postgres"].send_signal(signal.SIGQUIT)
        self.running["postgres"].wait()

    def stop(self) -> None:
        process.stop(self.running["kafka"], self.broker.command())
        process.stop(self.running["postgres"], self.server.command())


@pytest.fixture(scope="session")
async def machine() -> AsyncIterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="tovholder-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        port, controller_port, postgres_port = free_ports(3)
        broker = embedded_kafka.Broker(folder / "kafka", port=port, controller_port=controller_port, logs=folder)
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
async def templates(machine: Machine) -> _Templates:
    """Dropped with the whole server."""
    return _Templates(machine.server.admin_url)


@dataclass(slots=True)
class Shelf:
    """Keeps one running installation from test to test, as long as every test with it passes."""

    machine: Machine
    templates: _Templates
    kept: dict[str, Installation] = field(default_factory=dict)

    async def take(self, kind: str, services: tuple[str, ...]) -> Installation:
        """All of its services run as usual, and nothing else does."""
        await self.machine.usable()
        installation = self.kept.pop(kind, None)
        if installation is None:
            installation = await Installation(self.machine.broker.bootstrap, self.templates, services).__aenter__()
            await installation.start_all()
            if "enrollment" in services:
                await installation.publish()
                await installation.settled()
            return installation
        for name in list(installation.running):
            if name not in services:
                installation.running.pop(name).kill()
        for service in services:
            one = installation.running[service]
            if one.alive and ("FAILPOINT" not in one.command.env or not one.command.env["FAILPOINT"]):
                continue
            one.kill()
            await installation.start(service)
        return installation

    async def give_back(self, kind: str, installation: Installation, *, failed: bool) -> None:
        if failed:
            await installation.__aexit__()
        else:
            self.kept[kind] = installation


@pytest.fixture(scope="session")
async def shelf(machine: Machine, templates: _Templates) -> AsyncIterator[Shelf]:
    made = Shelf(machine, templates)
    yield made
    for installation in made.kept.values():
        with contextlib.suppress(OSError):
            await installation.__aexit__()


@pytest.fixture
async def world(shelf: Shelf, request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """All four services, and the programme is published."""
    installation = await shelf.take("world", SERVICES)
    yield installation
    await shelf.give_back("world", installation, failed=request.node.stash.get(FAILED, True))


@pytest.fixture
async def reader(shelf: Shelf, request: pytest.FixtureRequest) -> AsyncIterator[Installation]:
    """Invoicing alone: whatever it reads, the test has written."""
    installation = await shelf.take("reader", ("invoicing",))
    yield installation
    await shelf.give_back("reader", installation, failed=request.node.stash.get(FAILED, True))


@pytest.fixture
async def fresh(machine: Machine, templates: _Templates) -> AsyncIterator[Any]:
    """Makes an installation for one test: `await fresh("enrollment", "invoicing")`; nothing runs in it yet."""
    made: list[Installation] = []

    async def make(*services: str) -> Installation:
        await machine.usable()
        one = Installation(machine.broker.bootstrap, templates, services or SERVICES)
        made.append(one)
        return await one.__aenter__()

    yield make
    for one in made:
        await one.__aexit__()
