"""An address that refused mails works again, as staff say: what it refused in a programme is sent once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifications.adapters import addresses, decisions, messages
from services.notifications.adapters.addresses import Use
from services.notifications.domain.message import Message, require_known, send_again, unknown_message
from services.notifications.domain.shown import bounced
from services.notifications.usecases.read_programme_mails import read_programme
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.contracts.programme import ProgrammeRef
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

MOST = 100
"""Mails at a time; of more, the rest is asked for once more."""


class TrustAddress(Command):
    """The address that this mail was refused by, in this programme."""

    programme_id: Id
    message_id: Id


@dataclass(frozen=True, slots=True)
class Refusing:
    """An address that refuses mails: one of them, all that it refused, and who is reached there."""

    programme: ProgrammeRef
    message: Message
    refused: Sequence[Message]
    uses: Sequence[Use]


async def read_refusing(tx: Tx, programme_id: str, message_id: str) -> Refusing | None:
    """None where the programme has no such mail, it was not refused, or it is forgotten where it went."""
    programme, found = await read_programme(tx, programme_id), await messages.load(tx, message_id)
    if programme is None or found is None or found.message.programme_id != programme_id or not bounced(found.message):
        return None
    if found.message.forgotten:
        return None
    key = found.message.address_key
    refused = await messages.load_of_programme(
        tx, programme_id, states=["failed"], bounced=True, address=key, limit=MOST
    )
    return Refusing(programme, found.message, refused, await addresses.load_uses(tx, programme_id, key))


async def trust_address(tx: Tx, command: TrustAddress) -> Answer:
    named = require_known(await messages.lock(tx, command.message_id))
    if named.programme_id != command.programme_id:
        raise unknown_message()
    refused = await messages.lock_refused(tx, command.programme_id, named.address_key, MOST)
    if not refused:
        raise Refused("nothing_to_decide", "Adressen har ikke afvist nogen mail, der kan sendes igen.")

    decided = [send_again(one) for one in refused]

    for one in decided:
        await messages.put_back(tx, one.after)
        await decisions.insert(tx, one.after.id, "resent")
    return Answer({"messages": len(decided)})
