"""Staff say that a mailbox takes mails again, whatever it refused before."""

from __future__ import annotations

from typing import ClassVar

from services.enrollment.adapters import book, organisations
from services.enrollment.domain.address_book import require_entry, require_own
from shared.base.answers import Answer
from shared.contracts.bounds import Id, Name
from shared.contracts.event import Command
from shared.storage.tx import Tx


class AcceptMailbox(Command):
    """`role` of the address book, or `hovedpostkasse`. Said again it changes nothing."""

    service: ClassVar[str] = "enrollment"

    code: Id
    role: Name


async def accept_mailbox(tx: Tx, command: AcceptMailbox) -> Answer:
    entry = require_own(require_entry(await organisations.lock(tx, command.code)))
    changed = await book.take_back_refusal(tx, entry.organisation.code, command.role)
    return Answer({"code": entry.organisation.code, "role": command.role, "changed": changed})
