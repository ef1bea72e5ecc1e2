"""Staff say that two entries of the address book are one organisation: it cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from services.enrollment.adapters import organisations
from services.enrollment.domain.address_book import require_entry
from services.enrollment.domain.book_merging import merge
from services.enrollment.usecases.write_entries import write_entries
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class MergeOrganisations(Command):
    """`code` goes, and is read through `into` from now on. Said again it changes nothing."""

    service: ClassVar[str] = "enrollment"

    code: Id
    into: Id


async def merge_organisations(tx: Tx, command: MergeOrganisations) -> Answer:
    """Enrolments keep the name that they were agreed with: they are counted, and stay where they are."""
    book = await organisations.lock_merging(tx, [command.code, command.into])
    goes, stays = require_entry(book.get(command.code)), require_entry(book.get(command.into))

    decided = merge(goes, stays, tx.source, tx.now)

    if decided.facts:
        await organisations.mark_merged(tx, goes.organisation.code, stays.organisation.code)
        await write_entries(tx, [(stays, decided.after)])
    tx.tell(decided)
    return Answer(
        {
            "code": goes.organisation.code,
            "name": goes.organisation.name,
            "into": stays.organisation.code,
            "into_name": stays.organisation.name,
            "units": len(decided.after.units) - len(stays.units),
            "roles": len(decided.after.roles or {}) - len(stays.roles or {}),
            "speakers": len(decided.after.domains | decided.after.mailboxes) - len(stays.domains | stays.mailboxes),
            "enrolments": await organisations.count_enrolments(tx, goes.organisation.code),
        }
    )
