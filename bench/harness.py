"""What every benchmark stands on: real servers of its own, fresh databases, and figures with their spread."""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local import jars, kafka, postgres, process, topics
from deploy.local.blocking import run_blocking
from deploy.local.broker import Broker
from deploy.local.ports import free_ports
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import PARTITIONS, topic_of
from tests.support.servers import Database, Templates

PASSWORD = "bench-only"  # noqa: S105 (guards servers that live as long as one run)


@dataclass
class Row:
    """One figure: what, how much, against what, and whether the target is met (None = there is none)."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""
    target: str = ""
    reached: bool | None = None
    note: str = ""
    runs: list[float] = field(default_factory=list)


class Servers:
    """One broker and one database server for all benchmarks of a run."""

    def __init__(self, folder: Path) -> None:
        port, controller, pg = free_ports(3)
        self._broker = Broker(folder / "kafka", port=port, controller_port=controller, logs=folder)
        self._postgres = postgres.Server(folder / "postgres", port=pg, password=PASSWORD, logs=folder)
        self._stack = contextlib.ExitStack()
        self.kafka = self._broker.bootstrap
        self.admin_url = self._postgres.admin_url
        self._templates = Templates(self.admin_url)

    def start(self) -> None:
        jars.install()
        for server in (self._broker, self._postgres):
            server.prepare()
            command = server.command()
            running = process.start(command)
            self._stack.callback(process.stop, running, command)
            if server is self._postgres:
                self._postmaster = psutil.Process(running.pid)
        run_blocking(kafka.wait_until_usable(self.kafka))
        run_blocking(postgres.wait_until_usable(self.admin_url))

    def stop(self) -> None:
        self._stack.close()

    def postgres_cpu_seconds(self) -> float:
        """CPU of the server and its live backends; a backend that ended counts in its parent's children."""
        everyone = [self._postmaster, *self._postmaster.children(recursive=True)]
        total = 0.0
        for one in everyone:
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def commits(self, begin: str, end: str) -> int:
        """COMMIT records between two places in the server's log; a transaction that wrote nothing has none."""
        where = self._postgres.folder / "data" / "pg_wal"
        log = subprocess.run(
            [postgres.binaries() / "pg_waldump", "-p", where, "-r", "Transaction", "-s", begin, "-e", end],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return log.stdout.count("desc: COMMIT ")

    async def database(self, service: str) -> str:
        """A fresh, migrated, empty database; the runtime role's URL."""
        return (await self._templates.fresh(service)).url

    async def fresh(self, service: str) -> Database:
        """As `database`, with the administrator's URL as well."""
        return await self._templates.fresh(service)

    async def topics(self) -> str:
        """A fresh set of topics; their prefix."""
        prefix = f"b{secrets.token_hex(4)}."
        await topics.ensure_topics(self.kafka, prefix)
        for service in SERVICES:
            # Answered by each partition's leader, so none is still without one when the measuring begins.
            await end_of(self.kafka, prefix + topic_of(service))
        return prefix


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="tovholder-bench-", ignore_cleanup_errors=True) as folder:
        _sign_links_with(Path(folder) / "link.key")
        running = Servers(Path(folder))
        try:
            running.start()
            yield running
        finally:
            running.stop()


def _sign_links_with(key: Path) -> None:
    """For use cases that run in this process."""
    key.write_text(secrets.token_hex(32), encoding="ascii")
    os.environ["TOVHOLDER_LINK_KEY_FILE"] = str(key)
    os.environ.setdefault("TOVHOLDER_DATABASE_URL", "postgresql://nobody@127.0.0.1/none")


@dataclass
class Measured:
    """Wall and CPU seconds of a stretch of work."""

    wall: float
    python_cpu: float
    postgres_cpu: float


class Stopwatch:
    """Begin when the work begins, not when its preparations do."""

    def __init__(self, running: Servers) -> None:
        self._servers = running
        self.started = False

    def start(self) -> None:
        self.started = True
        self._postgres = self._servers.postgres_cpu_seconds()
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def stop(self) -> Measured:
        wall = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        return Measured(wall, cpu, self._servers.postgres_cpu_seconds() - self._postgres)


async def end_of(bootstrap: str, topic: str) -> int:
    """How many records stand on a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(topic, part) for part in range(PARTITIONS)])
        return sum(ends.values())
    finally:
        await consumer.stop()


_BEGAN = time.monotonic()


def step(what: str) -> None:
    """Says what is being measured now, and since when the run goes on; not on the output that the table is on."""
    print(f"[{time.monotonic() - _BEGAN:4.0f} s] {what}", file=sys.stderr, flush=True)


def median(values: list[float]) -> float:
    return statistics.median(values)
