"""`tovholder producer`: other systems that tell facts or ask for something over Kafka, each on topics of its own.

A grant is made of words: wire types, a service (all its facts), `intake` (all commands); the topics follow from them.
`python -m deploy.local.producers add|list|remove` does the same where there is no command line of ours: TOVHOLDER_KAFKA
and its neighbours say where Kafka is, and who asks.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy.local import access
from deploy.local.datadir import write_atomically
from deploy.local.errors import StackError
from deploy.local.tokens import Databases, everywhere, read_databases
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, topic_of
from shared.messaging.grants import NAME, Grant, read_grants
from shared.messaging.kafka import Address
from shared.runtime.settings import KafkaSettings
from shared.storage.tx import Connection
from shared.web import clients

INTAKE = "intake"
OURS = "/tovholder/"
LONGEST_SOURCE = 255


def grant(name: str, may: Sequence[str], sources: Iterable[str] = ()) -> Grant:
    """What `name` may tell, as these sources or else as `/<name>`. Raises StackError that says which word is wrong."""
    if NAME.fullmatch(name) is None:
        raise StackError(f"{name}: et navn har små bogstaver a-z, cifre og bindestreger, og højst 60 tegn.")
    if not may:
        raise StackError("--may: Skriv mindst én type eller tjeneste.")
    topics = {_topic_of(word) for word in may}
    as_whom = tuple(sorted(set(sources))) or (f"/{name}",)
    for source in as_whom:
        if source.startswith(OURS):
            raise StackError(f"--source {source}: {OURS}… er vore egne tjenesters navne, og dem taler ingen andre for.")
        if not source.isprintable() or not 0 < len(source) <= LONGEST_SOURCE:
            raise StackError(f"--source: højst {LONGEST_SOURCE} tegn, og ingen styretegn.")
    return Grant(producer=name, topics=tuple(sorted(topics)), may=tuple(sorted(set(may))), sources=as_whom)


def _topic_of(word: str) -> str:
    if word == INTAKE or word in COMMANDS:
        return INTAKE_TOPIC
    if word in FACTS:
        return topic_of(FACTS[word].service)
    if word in SERVICES:
        return topic_of(word)
    raise StackError(
        f"--may {word}: Skriv en type fra docs/events.md, en tjeneste ({', '.join(SERVICES)}) eller {INTAKE}."
    )


def password_in(file: Path) -> str:
    """The producer's password, `-` = from stdin; made when the file is missing, for its owner alone."""
    if file == Path("-"):
        return sys.stdin.readline().strip()
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, secrets.token_hex(32))
    return file.read_text().strip()


async def add(admin: Address, wanted: Grant, password: str | None, prefix: str = "", *, databases: Databases) -> None:
    """It may tell this from now on, and what it might before no longer. Raises StackError for a source of another's.

    Its sources are its own in every database before Kafka hears of it, so that it takes no ids of a token's, and no
    token any of its. When Kafka does not answer then, they stay reserved, and can be granted to it again.
    """
    others = (await read_grants(admin, prefix)).producers.values()
    for other in others:
        if other.producer != wanted.producer and (shared := set(other.sources) & set(wanted.sources)):
            raise StackError(f"--source {min(shared)}: Den taler {other.producer} for.")
    await everywhere(databases, lambda connection: clients.reserve_sources(connection, wanted.producer, wanted.sources))
    await access.put_producer(admin, wanted, password, prefix)


async def listed(kafka: Address, prefix: str = "") -> list[Grant]:
    """Everybody who is granted something, by name."""
    found = await read_grants(kafka, prefix)
    return [found.producers[name] for name in sorted(found.producers)]


async def remove(
    admin: Address,
    name: str,
    prefix: str = "",
    *,
    guarded: bool = True,
    databases: Databases | None = None,
) -> None:
    """With `databases` its sources can be granted to another. Raises StackError for one that is not there."""
    granted = name in (await read_grants(admin, prefix)).producers
    if granted:
        await access.remove_producer(admin, name, prefix, guarded=guarded)
    freed = databases is not None and await _release(databases, name)
    if not granted and not freed:
        raise StackError(f"Der er ingen afsender, der hedder {name}.")


async def _release(databases: Databases, name: str) -> bool:
    freed: list[bool] = []

    async def release(connection: Connection) -> None:
        freed.append(await clients.release_sources(connection, name))

    await everywhere(databases, release)
    return any(freed)


def _databases(folder: Path | None) -> Databases:
    if folder is None:
        raise StackError("--databases: Skriv mappen med filer som enrollment_database_url.")
    return read_databases(folder)


def main() -> None:
    """Grants other systems what they may tell, on the broker of TOVHOLDER_KAFKA."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.producers", description=main.__doc__)
    parser.add_argument("--prefix", default="", help="before the name of every topic and user")
    parser.add_argument(
        "--databases",
        type=Path,
        default=os.environ.get("TOVHOLDER_DATABASES"),
        help="folder with files such as enrollment_database_url; also TOVHOLDER_DATABASES",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    adding = acts.add_parser("add", help="let one tell something, in place of what it might before")
    adding.add_argument("name")
    adding.add_argument("--may", action="append", required=True, help="a wire type, a service (its facts) or intake")
    adding.add_argument("--source", action="append", default=[], help="as whom; else /NAME")
    adding.add_argument("--password-file", type=Path, required=True, help="its password; - = a line on stdin")
    acts.add_parser("list", help="who may tell what")
    removing = acts.add_parser("remove", help="let one tell nothing more")
    removing.add_argument("name")
    removing.add_argument("--release", action="store_true", help="give its sources free for another")
    options = parser.parse_args()
    kafka = KafkaSettings().kafka_access
    try:
        match options.act:
            case "add":
                wanted = grant(options.name, options.may, options.source)
                password, databases = password_in(options.password_file), _databases(options.databases)
                asyncio.run(add(kafka, wanted, password, options.prefix, databases=databases))
            case "remove":
                released = _databases(options.databases) if options.release else None
                asyncio.run(remove(kafka, options.name, options.prefix, databases=released))
            case _:
                for one in asyncio.run(listed(kafka, options.prefix)):
                    sys.stdout.write(f"{one.model_dump_json()}\n")
    except StackError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
