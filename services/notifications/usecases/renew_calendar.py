"""The address of a calendar is in the wrong hands: it gets a new one, and those before it are closed."""

from __future__ import annotations

from typing import ClassVar

from services.notifications.adapters import subscriptions
from services.notifications.domain.subscription import require_renewable
from shared.base.answers import Answer
from shared.base.passes import Reader, Role
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class RenewCalendar(Command):
    """By its reader alone, on the page that they were let in to: it is no command of the intake."""

    service: ClassVar[str] = "notifications"

    role: Role
    of_id: Id
    person_id: Id


async def renew_calendar(tx: Tx, command: RenewCalendar) -> Answer:
    reader = Reader(command.role, command.of_id, command.person_id)
    await subscriptions.lock(tx, reader)
    found = require_renewable(await subscriptions.load(tx, reader), tx.now)
    await subscriptions.save(tx, reader, found.generation + 1)
    return Answer({"generation": found.generation + 1})
