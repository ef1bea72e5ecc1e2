"""A person decides about a message whose fate is unknown, or that failed: it goes out again, or it is settled."""

from __future__ import annotations

from services.notifications.adapters import messages
from services.notifications.adapters.messages import Message
from shared.base.answers import Answer
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ResendMessage(Command):
    """Send it again, at the risk of a second copy; the Message-ID is the same."""

    message_id: str


class SettleMessage(Command):
    """It arrived, or was dealt with in another way: never send it."""

    message_id: str


async def resend_message(tx: Tx, command: ResendMessage) -> Answer:
    await _check(tx, command.message_id)
    if not await messages.send_again(tx, command.message_id):
        raise Refused("invalid_address", "Mailadressen kan ikke bruges, så mailen kan ikke sendes igen.")
    return Answer({"message_id": command.message_id, "state": "pending"})


async def settle_message(tx: Tx, command: SettleMessage) -> Answer:
    await _check(tx, command.message_id)
    await messages.settle(tx, command.message_id)
    return Answer({"message_id": command.message_id, "state": "settled"})


async def find_message(tx: Tx, message_id: str) -> Message:
    found = await messages.load(tx, message_id)
    if found is None:
        raise Refused("unknown_message", "Mailen findes ikke.", status=404)
    return found


async def find_mail(tx: Tx, known_as: str) -> Message:
    """By the message's id, or by the Message-ID that its reader sees, as it stands there or without its frame."""
    digest = known_as.strip("<> ").partition("@")[0]
    return await messages.find_mail(tx, digest) or await find_message(tx, known_as)


async def _check(tx: Tx, message_id: str) -> None:
    if (await find_message(tx, message_id)).state not in {"unknown", "failed"}:
        raise Refused("nothing_to_decide", "Kun en mail, der er fejlet eller har ukendt skæbne, kan afgøres.")
