"""Servers of a test's own, which it may kill."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import kafka as embedded_kafka
from deploy.local import postgres as embedded_postgres
from deploy.local import process
from deploy.local.broker import Broker


@dataclass(slots=True)
class Machine:
    """A broker and a PostgreSQL that a test may kill; both always come back before the next test."""

    folder: Path
    broker: Broker
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
