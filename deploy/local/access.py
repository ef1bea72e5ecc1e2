"""Users and rights of an installation on its broker, as they have to be; what is otherwise there is put right.

`python -m deploy.local.access --bootstrap HOST:PORT --passwords FILE` does it for a broker that is there; the file has
one `principal=password` a line, as of `rights.principals`. TOVHOLDER_KAFKA_* says who asks: somebody who may alter the
cluster. It can be repeated, and is to be after a service was added. All is told to Kafka in its own protocol: its
tools do the same and take seconds to start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local import topics
from deploy.local.databases import read_passwords
from deploy.local.kafka import wait_until_usable
from deploy.local.kafka_requests import open_access
from deploy.local.locations import service_names
from deploy.local.principals import ADMIN, of_producer, principals
from deploy.local.rights import acls, rights
from shared.contracts.event import PARTITIONS, topic_of
from shared.messaging.grants import PRODUCERS_TOPIC, Grant, Granted, read_grants
from shared.messaging.kafka import Address, Kafka, client_options, tls_context
from shared.runtime.settings import KafkaSettings


def secret_of(who: str) -> str:
    """In which file of an installation's secrets a principal's password lies."""
    return f"kafka-{who}"


def tls_of(secrets: Path) -> Path | None:
    """The folder with `broker.pem` and `ca.pem`, where somebody has put one: then Kafka is spoken to over TLS."""
    folder = secrets / "kafka-tls"
    return folder if folder.is_dir() else None


def known_login(bootstrap: str, secrets: str | None, who: str, prefix: str = "") -> Address:
    """As somebody whose password lies in the folder `secrets`; without one the broker is open to everybody."""
    if secrets is None:
        return bootstrap
    password, tls = (Path(secrets) / secret_of(who)).read_text(), tls_of(Path(secrets))
    known = login_as_admin(bootstrap, password) if who == ADMIN else login(bootstrap, prefix + who, password)
    return known if tls is None else replace(known, protocol="SASL_SSL", tls=tls_context(tls / "ca.pem", None, None))


def login(bootstrap: str, principal: str, password: str) -> Kafka:
    """As one of the users."""
    return Kafka(bootstrap, "SASL_PLAINTEXT", None, "SCRAM-SHA-512", principal, password)


def login_as_admin(bootstrap: str, password: str) -> Kafka:
    """As the administrator, who is there before there are users."""
    # PLAIN on loopback is meant; the client warns of it at every connection.
    logging.getLogger("aiokafka.conn").addFilter(_is_no_warning_of_plain)
    return Kafka(bootstrap, "SASL_PLAINTEXT", None, "PLAIN", ADMIN, password)


def _is_no_warning_of_plain(record: logging.LogRecord) -> bool:
    return "in the clear" not in record.getMessage()


async def ensure_access(
    admin: Address, passwords: Mapping[str, str], prefix: str = "", services: Sequence[str] | None = None
) -> Granted:
    """Users, rights and the beginning of the plain topics' rule; the topics are there. What is granted already.

    `passwords` is by principal, without prefix. Rights of ours that nothing says any more are taken away; those of
    other principals are not looked at. Raises KafkaError.
    """
    services = service_names() if services is None else services
    async with open_access(admin) as access:
        # First, as topics that have just been made take a moment.
        await access.set_users({prefix + who: passwords[who] for who in principals(services)})
        granted = await read_grants(admin, prefix)
        wanted = acls(prefix, rights(services, granted.producers.values()))
        ours = {prefix + who for who in rights(services, granted.producers.values())}
        found = {acl for acl in await access.acls() if acl.principal in ours or _is_producer(acl.principal, prefix)}
        await access.allow(wanted - found)
        await access.allow_no_longer(found - wanted)
        await access.until_it_holds({prefix + who for who in principals(services)}, wanted)
    await close_plain_topics(admin, granted, prefix, services)
    return granted


async def forget_access(admin: Address, prefix: str, services: Sequence[str] | None = None) -> None:
    """Nobody of this installation may do anything any more, or is known."""
    services = service_names() if services is None else services
    async with open_access(admin) as access:
        ours = {prefix + who for who in principals(services)}
        ours |= {user for user in await access.users() if _is_producer(user, prefix)}
        await access.allow_no_longer({acl for acl in await access.acls() if acl.principal in ours})
        await access.set_users({}, gone=ours)


def _is_producer(principal: str, prefix: str) -> bool:
    return principal.startswith(prefix + of_producer(""))


async def close_plain_topics(admin: Address, granted: Granted, prefix: str, services: Sequence[str]) -> None:
    """From here on each takes what its own service tells; what others told there before stays what it was."""
    still_open = [topic for topic in map(topic_of, services) if topic not in granted.closed]
    if not still_open:
        return
    async with AIOKafkaConsumer(**client_options(admin), enable_auto_commit=False) as consumer:
        ends = await consumer.end_offsets(
            [TopicPartition(prefix + topic, number) for topic in still_open for number in range(PARTITIONS)]
        )
    offsets = {
        topic: [ends[TopicPartition(prefix + topic, number)] for number in range(PARTITIONS)] for topic in still_open
    }
    await write_grants(
        admin, prefix, {f"plain/{topic}": json.dumps(found).encode() for topic, found in offsets.items()}
    )


async def put_producer(admin: Address, grant: Grant, password: str | None, prefix: str = "") -> None:
    """This producer may do this from now on, and what it might do before no longer. Raises KafkaError.

    Without a password there is no user: for a broker that is open to everybody. It can write only when its readers can
    know what it may tell.
    """
    name = prefix + of_producer(grant.producer)
    await topics.make_topics(admin, [prefix + topic for topic in grant.own_topics])
    await write_grants(admin, prefix, {f"producer/{grant.producer}": grant.model_dump_json().encode()})
    if password is None:
        return
    async with open_access(admin) as access:
        wanted = acls(
            prefix, {who: what for who, what in rights((), [grant]).items() if who == of_producer(grant.producer)}
        )
        found = {acl for acl in await access.acls() if acl.principal == name}
        await access.allow_no_longer(found - wanted)
        await access.set_users({name: password})
        await access.allow(wanted - found)
        await access.until_it_holds([name], wanted)


async def remove_producer(admin: Address, producer: str, prefix: str = "", *, guarded: bool = True) -> None:
    """It may write nothing more, and what it wrote is read no more; its topics stay until they are forgotten."""
    name = prefix + of_producer(producer)
    if guarded:
        async with open_access(admin) as access:
            await access.allow_no_longer({acl for acl in await access.acls() if acl.principal == name})
            await access.set_users({}, gone=[name])
    await write_grants(admin, prefix, {f"producer/{producer}": None})


async def write_grants(admin: Address, prefix: str, records: Mapping[str, bytes | None]) -> None:
    """By key, on the topic that all readers follow; acknowledged when this returns."""
    async with AIOKafkaProducer(**client_options(admin), acks="all", enable_idempotence=True) as producer:
        for key, value in records.items():
            await producer.send_and_wait(prefix + PRODUCERS_TOPIC, value, key=key.encode(), partition=0)


def missing_passwords(passwords: Collection[str], services: Sequence[str]) -> list[str]:
    """Principals of whom no password is known."""
    return [who for who in principals(services) if who not in passwords]


def main() -> None:
    """Makes topics, users and rights what they have to be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.access", description=main.__doc__)
    parser.add_argument("--bootstrap", required=True, help="HOST:PORT of a broker")
    parser.add_argument("--passwords", type=Path, required=True, help="file with one principal=password a line")
    parser.add_argument("--prefix", default="", help="before the name of every topic, group and user")
    parser.add_argument("--replication", type=int, default=1, help="copies of each partition")
    options = parser.parse_args()
    passwords = read_passwords(options.passwords)
    if missing := missing_passwords(passwords, service_names()):
        parser.error(f"{options.passwords} has no password of {', '.join(missing)}")

    async def ensure() -> None:
        admin = KafkaSettings(kafka=options.bootstrap).kafka_access
        await wait_until_usable(admin)
        await topics.ensure_topics(admin, options.prefix, replication=options.replication)
        await ensure_access(admin, passwords, options.prefix)

    asyncio.run(ensure())


if __name__ == "__main__":
    main()
