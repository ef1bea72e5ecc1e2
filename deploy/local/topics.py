"""The topics: one per service, named after the folders in `services/`, and one for what other systems ask for.

`python -m deploy.local.topics --bootstrap HOST:PORT` makes those that are missing; it never changes or removes one,
because the number of partitions decides where a key lies.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from deploy.local.kafka import MAX_MESSAGE_BYTES
from deploy.local.locations import service_names

PARTITIONS = 12
RETENTION_DAYS = 90
SETTINGS: Mapping[str, str] = {
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    "retention.ms": str(RETENTION_DAYS * 24 * 3600 * 1000),
    "cleanup.policy": "delete",
}
TOPIC_EXISTS = 36
READY_DEADLINE_S = 60.0
RETRY_S = 0.1


def topic_names(prefix: str = "") -> tuple[str, ...]:
    """Every topic of an installation, `prefix` in front of each."""
    return tuple(f"{prefix}tovholder.{name}" for name in (*service_names(), "intake"))


async def ensure_topics(bootstrap: str, prefix: str = "", *, replication: int = 1) -> tuple[str, ...]:
    """Makes the missing topics and returns all names. Raises KafkaError when the broker refuses one."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="tovholder-topics")
    await admin.start()
    try:
        wanted = topic_names(prefix)
        new = [NewTopic(name, PARTITIONS, replication, topic_configs=dict(SETTINGS)) for name in wanted]
        answer = await admin.create_topics(new)
        for name, code, *_ in answer.topic_errors:
            if code not in (0, TOPIC_EXISTS):
                raise for_code(code)(f"topic {name}")
        return wanted
    finally:
        await admin.close()


async def wait_until_usable(bootstrap: str, deadline_s: float = READY_DEADLINE_S) -> None:
    """Returns when the broker answers and its group coordinator is there; an open port is not enough.

    The first group of a new broker makes the offsets topic; doing it here spares every consumer that wait.
    """
    async with asyncio.timeout(deadline_s):
        # The client library logs each refused connection as an error, so the port comes first.
        while not await _port_answers(bootstrap):
            await asyncio.sleep(RETRY_S)
        while not await _coordinator_answers(bootstrap):
            await asyncio.sleep(RETRY_S)


async def _port_answers(bootstrap: str) -> bool:
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _coordinator_answers(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="tovholder-ready", request_timeout_ms=5000)
    try:
        await admin.start()
        await admin.list_consumer_group_offsets("tovholder-ready")
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return True


def main() -> None:
    """Makes the missing topics."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.topics", description=main.__doc__)
    parser.add_argument("--bootstrap", required=True, help="HOST:PORT of a broker")
    parser.add_argument("--prefix", default="", help="put in front of every name")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition")
    options = parser.parse_args()

    async def make() -> None:
        await wait_until_usable(options.bootstrap)
        await ensure_topics(options.bootstrap, options.prefix, replication=options.replication)

    asyncio.run(make())


if __name__ == "__main__":
    main()
