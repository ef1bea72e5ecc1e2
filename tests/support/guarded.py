"""A broker that asks everybody who they are, as `tovholder up` starts one: with users and rights of installations."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import access, process, producers, topics
from deploy.local.broker import Broker
from deploy.local.datadir import write_atomically
from deploy.local.kafka import PASSWORDS, wait_until_usable
from deploy.local.locations import service_names
from deploy.local.ports import free_ports
from deploy.local.principals import ADMIN, OPERATOR, of_producer, principals
from shared.messaging.grants import Grant
from shared.messaging.kafka import Address


@dataclass(slots=True)
class Guarded:
    """Where it is, and everybody's password."""

    broker: Broker
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """With everybody's password in a file of its own."""
        return self.broker.folder.parent / "secrets"

    @property
    def admin(self) -> Address:
        return access.known_login(self.broker.bootstrap, str(self.folder), ADMIN)

    def login(self, who: str = OPERATOR, prefix: str = "") -> Address:
        """As this principal (without prefix)."""
        return access.login(self.broker.bootstrap, prefix + who, self.passwords[who])

    async def install(self, prefix: str = "") -> None:
        """Topics, users and rights of one installation."""
        for who in principals(service_names()):
            if who not in self.passwords:
                self.passwords[who] = secrets.token_hex(32)
                write_atomically(self.folder / access.secret_of(who), self.passwords[who])
        await topics.ensure_topics(self.admin, prefix)
        await access.ensure_access(self.admin, self.passwords, prefix)

    async def admit(self, grant: Grant, prefix: str = "") -> Address:
        """Another system, and how it comes in."""
        who = of_producer(grant.producer)
        self.passwords.setdefault(who, secrets.token_hex(32))
        await producers.add(self.admin, grant, self.passwords[who], prefix, databases={})
        return self.login(who, prefix)


@asynccontextmanager
async def guarded_broker(folder: Path) -> AsyncIterator[Guarded]:
    """For as long as the block lasts; nobody is installed on it."""
    port, controller_port = free_ports(2)
    kept = folder / "secrets"
    kept.mkdir(mode=0o700)
    for name in PASSWORDS.values():
        write_atomically(kept / name, secrets.token_hex(32))
    broker = Broker(folder / "kafka", port=port, controller_port=controller_port, logs=folder, secrets=kept)
    await asyncio.to_thread(broker.prepare)
    command = broker.command()
    running = process.start(command)
    made = Guarded(broker)
    try:
        await wait_until_usable(made.admin)
        yield made
    finally:
        await asyncio.to_thread(process.stop, running, command)
