"""A broker that asks who comes, over TLS: everything a service does with Kafka, by its settings alone."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import KafkaError

from deploy.local import process, topics
from deploy.local.broker import Broker
from deploy.local.kafka import wait_until_usable
from deploy.local.ports import HOST, free_ports
from shared.contracts.event import topic_of
from shared.messaging.relay import Relay, Sender
from shared.messaging.replay import replay
from shared.runtime.settings import KafkaSettings
from shared.storage.tx import transaction
from tests.integration.messaging.harness import Noon, Reader, an_answer, event
from tests.support.certificates import make_certificates
from tests.support.eventually import eventually
from tests.support.servers import Database

USER, PASSWORD = "tovholder", "hemmeligt-kodeord"
LISTENERS = """
listeners=PLAINTEXT://{host}:{plain},LOGIN://{host}:{login},MUTUAL://{host}:{mutual},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{plain},LOGIN://{host}:{login},MUTUAL://{host}:{mutual}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,MUTUAL:SSL
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.mutual.ssl.client.auth=required
listener.name.login.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.login.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
"""


@dataclass(frozen=True, slots=True)
class Secured:
    """The broker's doors, and the folder with what one needs to come in."""

    folder: Path
    login: str
    mutual: str

    def settings(self, how: str, **changes: Any) -> KafkaSettings:
        """As the environment would say them."""
        ca = {"kafka_ca_file": self.folder / "ca.pem"}
        known: dict[str, Any]
        if how == "certificate":
            own = {"kafka_certificate_file": self.folder / "us.pem", "kafka_key_file": self.folder / "us.key"}
            known = {"kafka": self.mutual, "kafka_security_protocol": "SSL", **ca, **own}
        else:
            known = {
                "kafka": self.login,
                "kafka_security_protocol": "SASL_SSL",
                "kafka_sasl_mechanism": how,
                "kafka_username": USER,
                "kafka_password_file": self.folder / "password",
                **ca,
            }
        return KafkaSettings(**{**known, **changes})


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    """A broker of its own, whatever server the other tests use: it is asked for what none of theirs has."""
    folder = tmp_path_factory.mktemp("secured")
    make_certificates(folder)
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    plain, login, mutual, controller = free_ports(4)
    broker = Broker(folder / "kafka", port=plain, controller_port=controller, logs=folder)
    await asyncio.to_thread(broker.prepare)
    ports = {"plain": plain, "login": login, "mutual": mutual, "controller": controller}
    with (folder / "kafka" / "server.properties").open("a", encoding="utf-8") as settings:
        settings.write(LISTENERS.format(host=HOST, folder=folder, user=USER, password=PASSWORD, **ports))
    command = broker.command()
    running = process.start(command)
    try:
        await wait_until_usable(broker.bootstrap)
        user = ("--entity-type", "users", "--entity-name", USER, "--alter")
        secret = ("--add-config", f"SCRAM-SHA-512=[password={PASSWORD}]")
        java = command.argv[: command.argv.index("kafka.Kafka")]
        alter = [*java, "kafka.admin.ConfigCommand", "--bootstrap-server", broker.bootstrap, *user, *secret]
        done = await asyncio.to_thread(subprocess.run, alter, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Secured(folder, f"{HOST}:{login}", f"{HOST}:{mutual}")
    finally:
        await asyncio.to_thread(process.stop, running, command)


@pytest.mark.parametrize("how", ["SCRAM-SHA-512", "PLAIN", "certificate"])
async def test_topics_relay_replay_and_reader_work_over_tls(
    secured: Secured, emptied: Database, prefix: str, how: str
) -> None:
    kafka = secured.settings(how).kafka_access
    await wait_until_usable(kafka)
    await topics.ensure_topics(kafka, prefix)
    topic = topic_of("notifications")
    async with asyncpg.create_pool(emptied.url, min_size=1, max_size=4) as pool:
        async with transaction(pool, Noon(), "/tovholder/notifications") as tx:
            tx.publish(an_answer("a"))
        stop = asyncio.Event()
        relay = Relay("/tovholder/notifications", dsn=emptied.url, kafka=kafka, topics=[topic], prefix=prefix)
        relaying = asyncio.create_task(relay.run(stop))

        async def sent() -> bool:
            return await pool.fetchval("SELECT count(*) FROM outbox_sent") == 1

        try:
            await eventually(sent, 30)
        finally:
            stop.set()
            await relaying
        since = datetime.now(UTC) - timedelta(minutes=1)  # noqa: TID251  (machine time)
        assert await replay(emptied.url, kafka, since, topics=[topic], readers=["nobody"], prefix=prefix) == 1

        reader = Reader(emptied, pool, kafka, prefix)  # type: ignore[arg-type]  # an address of the other kind
        sender = Sender(kafka, prefix=prefix)
        await sender.start()
        try:
            await (await sender.send(topic_of("invoicing"), "invoice/a", json.dumps(event("a", 1)).encode()))
        finally:
            await sender.stop()
        async with reader.running():
            await eventually(lambda: _read(reader), 30)


async def _read(reader: Reader) -> bool:
    return await reader.effects("a") == [1]


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ("SCRAM-SHA-512", {"kafka_username": "nobody"}),
        ("PLAIN", {"kafka_username": "nobody"}),
        ("SCRAM-SHA-512", {"kafka_ca_file": "other-ca.pem"}),
        ("certificate", {"kafka_certificate_file": None, "kafka_key_file": None}),
    ],
)
async def test_nobody_else_gets_in_and_we_go_nowhere_else(secured: Secured, how: str, wrong: dict[str, Any]) -> None:
    changes = {
        name: secured.folder / value if name.endswith("_file") and value else value for name, value in wrong.items()
    }
    sender = Sender(secured.settings(how, **changes).kafka_access)
    with pytest.raises(KafkaError) as refused:
        await sender.start()
    await sender.stop()
    assert PASSWORD not in str(refused.value)
