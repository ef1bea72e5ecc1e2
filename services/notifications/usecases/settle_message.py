"""A person decides about a message whose fate is unknown, or that failed: it goes out again, or it is settled."""

from __future__ import annotations

from services.notifications.adapters import decisions, messages
from services.notifications.domain.message import Message, require_known, send_again, settle
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class ResendMessage(Command):
    """Send it again, at the risk of a second copy; the Message-ID is the same."""

    message_id: Id


class SettleMessage(Command):
    """It arrived, or was dealt with in another way: never send it."""

    message_id: Id


async def resend_message(tx: Tx, command: ResendMessage) -> Answer:
    decided = send_again(require_known(await messages.lock(tx, command.message_id), tx.cause.client))
    await messages.put_back(tx, decided.after)
    await decisions.insert(tx, decided.after.id, "resent")
    return _answer(decided.after)


async def settle_message(tx: Tx, command: SettleMessage) -> Answer:
    decided = settle(require_known(await messages.lock(tx, command.message_id), tx.cause.client))
    await messages.save(tx, [decided.after])
    await decisions.insert(tx, decided.after.id, "settled")
    return _answer(decided.after)


def _answer(message: Message) -> Answer:
    return Answer({"message_id": message.id, "state": message.state})
