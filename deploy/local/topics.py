"""The topics: one per service, named after the folders in `services/`, one for what other systems ask for, and one
that says what other producers may tell on topics of their own.

`python -m deploy.local.topics --bootstrap HOST:PORT` makes those that are missing; it never changes or removes one,
because the number of partitions decides where a key lies. Only what a story has told is removed.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code
from aiokafka.protocol.group import LeaveGroupRequest

from deploy.local.kafka import MAX_MESSAGE_BYTES, wait_until_usable
from deploy.local.locations import service_names
from shared.contracts.event import PARTITIONS
from shared.messaging.grants import FROM, PRODUCERS_TOPIC
from shared.messaging.kafka import Address, client_options
from shared.runtime.settings import KafkaSettings

RETENTION_DAYS = 90
SETTINGS: Mapping[str, str] = {
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    "retention.ms": str(RETENTION_DAYS * 24 * 3600 * 1000),
    "cleanup.policy": "delete",
}
PRODUCERS_SETTINGS: Mapping[str, str] = {"cleanup.policy": "compact"}
"""What holds is kept for ever, and only that."""
TOPIC_EXISTS = 36
SHOWN_WITHIN_S, SHOWN_EVERY_S = 30.0, 0.02


def topic_names(prefix: str = "") -> tuple[str, ...]:
    """The topics with events that every installation has, `prefix` in front of each; `event_topics` has all."""
    return tuple(f"{prefix}tovholder.{name}" for name in (*service_names(), "intake"))


async def event_topics(kafka: Address, prefix: str = "") -> tuple[str, ...]:
    """Those and the producers' own, as far as we may see them. Raises KafkaError."""
    plain = topic_names(prefix)
    admin = AIOKafkaAdminClient(**client_options(kafka), client_id="tovholder-topics")
    try:
        await admin.start()
        found = await admin.list_topics()
    finally:
        await admin.close()
    return (*plain, *sorted(topic for topic in found if topic.startswith(tuple(name + FROM for name in plain))))


async def ensure_topics(bootstrap: Address, prefix: str = "", *, replication: int = 1) -> tuple[str, ...]:
    """Makes the missing topics of an installation; the names of those with events. Raises what `make_topics` raises."""
    wanted = topic_names(prefix)
    producers = NewTopic(prefix + PRODUCERS_TOPIC, 1, replication, topic_configs=dict(PRODUCERS_SETTINGS))
    await make_topics(bootstrap, wanted, replication=replication, and_also=[producers])
    return wanted


async def make_topics(
    bootstrap: Address,
    names: Sequence[str],
    *,
    partitions: int = PARTITIONS,
    replication: int = 1,
    and_also: Sequence[NewTopic] = (),
) -> None:
    """Those of `names` (and of others) that are missing are made; whoever looks for them afterwards finds them.

    Raises KafkaError when the broker refuses one, TimeoutError when it does not show one that it says it made.
    """
    admin = AIOKafkaAdminClient(**client_options(bootstrap), client_id="tovholder-topics")
    await admin.start()
    try:
        new = [NewTopic(name, partitions, replication, topic_configs=dict(SETTINGS)) for name in names]
        new += and_also
        answer = await admin.create_topics(new)
        for name, code, *_ in answer.topic_errors:
            if code not in (0, TOPIC_EXISTS):
                raise for_code(code)(f"topic {name}")
        # The controller has made them by now; the broker that is asked for them hears of it a little later.
        async with asyncio.timeout(SHOWN_WITHIN_S):
            while not {topic.name for topic in new} <= set(await admin.list_topics()):  # noqa: ASYNC110  (nobody says when)
                await asyncio.sleep(SHOWN_EVERY_S)
    finally:
        await admin.close()


async def delete_topics(bootstrap: Address, prefix: str) -> None:
    """Every topic of an installation, with all that is in them."""
    names = await event_topics(bootstrap, prefix)
    admin = AIOKafkaAdminClient(**client_options(bootstrap), client_id="tovholder-topics")
    await admin.start()
    try:
        await admin.delete_topics([*names, prefix + PRODUCERS_TOPIC])
    finally:
        await admin.close()


@asynccontextmanager
async def without_members_of(bootstrap: Address, group: str) -> AsyncIterator[None]:
    """Whoever belongs to the group now has left it at the end, so that its successor need not wait for it to be missed.

    For one that is killed inside the block: Kafka would wait ten seconds for a sign of life.
    """
    admin = AIOKafkaAdminClient(**client_options(bootstrap), client_id="tovholder-topics")
    await admin.start()
    try:
        coordinator = await admin.find_coordinator(group)
        (described,) = await admin.describe_consumer_groups([group], coordinator)
        members = [member[0] for found in described.groups for member in found[5]]
        yield
        for member in members:
            await admin._client.send(coordinator, LeaveGroupRequest(group, member))  # noqa: SLF001  (has no name of its own)
    finally:
        await admin.close()


def main() -> None:
    """Makes the missing topics. A broker that is not open to everybody is told by TOVHOLDER_KAFKA_* who asks."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.topics", description=main.__doc__)
    parser.add_argument("--bootstrap", required=True, help="HOST:PORT of a broker")
    parser.add_argument("--prefix", default="", help="put in front of every name")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition")
    options = parser.parse_args()

    async def make() -> None:
        kafka = KafkaSettings(kafka=options.bootstrap).kafka_access
        await wait_until_usable(kafka)
        await ensure_topics(kafka, options.prefix, replication=options.replication)

    asyncio.run(make())


if __name__ == "__main__":
    main()
