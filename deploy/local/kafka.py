"""What every local broker is like, and when one is ready: for whoever only talks to it, which takes no Java.

A guarded one asks everybody who they are and allows nobody what no right says (`rights.py`). Users log in by SCRAM, and
are kept by Kafka itself; the broker and the administrator by PLAIN, with passwords that lie beside it, so that a broker
without users, a new one or one from an earlier version, lets somebody in who makes them. An open one is for tests.

Settings are for a single node: replication factor 1 and a short broker session, so that a broker that was killed is
back in about four seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.messaging.kafka import Address, client_options

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
READY_DEADLINE_S = 60.0
RETRY_S = 0.1

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
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


OPEN_PROPERTIES = """\
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
"""

GUARDED_PROPERTIES = """\
listeners=CLIENTS://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENTS://{host}:{port}
listener.security.protocol.map=CLIENTS:{clients},CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=CLIENTS
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.clients.plain.sasl.jaas.config={plain} user_broker="{broker}" user_admin="{admin}";
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} user_broker="{broker}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:broker;User:admin
config.providers=dir
config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
"""

TLS_PROPERTIES = """\
ssl.keystore.type=PEM
ssl.keystore.location={tls}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={tls}/ca.pem
"""
"""`broker.pem` is the broker's key and certificate, `ca.pem` whoever signed it."""

PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
PASSWORDS = {"broker": "kafka-broker", "admin": "kafka-admin"}
"""Of the super users: in which file of the secrets each lies."""


def guarded_properties(secrets: str, *, tls: str | None = None, files: Mapping[str, str] = PASSWORDS) -> str:
    """Still to be filled in: host, port and controller_port. The passwords stay in their files in `secrets`.

    With `tls`, a folder, clients come over TLS.
    """
    kept = {who: f"${{{{dir:{secrets}:{file}}}}}" for who, file in files.items()}
    plain = f'{PLAIN_LOGIN} required username="broker" password="{kept["broker"]}"'
    names = {name: f"{{{name}}}" for name in ("host", "port", "controller_port")}
    text = GUARDED_PROPERTIES.format(
        **names, **kept, plain=plain, clients="SASL_PLAINTEXT" if tls is None else "SASL_SSL"
    )
    return text + ("" if tls is None else TLS_PROPERTIES.format(tls=tls))


async def wait_until_usable(bootstrap: Address, deadline_s: float = READY_DEADLINE_S) -> None:
    """Returns when the broker answers and its group coordinator is there; an open port is not enough.

    The first group of a new broker makes the offsets topic; doing it here spares every consumer that wait.
    """
    async with asyncio.timeout(deadline_s):
        # The client library logs each refused connection as an error, so the port comes first.
        for answers in (_port_answers, _coordinator_answers):
            while True:
                if await answers(bootstrap):
                    break
                await asyncio.sleep(RETRY_S)


async def _port_answers(bootstrap: Address) -> bool:
    address = bootstrap if isinstance(bootstrap, str) else bootstrap.bootstrap
    host, _, port = address.partition(",")[0].rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _coordinator_answers(bootstrap: Address) -> bool:
    admin = AIOKafkaAdminClient(**client_options(bootstrap), client_id="tovholder-ready", request_timeout_ms=5000)
    try:
        await admin.start()
        await admin.list_consumer_group_offsets("tovholder-ready")
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return True
