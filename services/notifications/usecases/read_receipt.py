"""The receipt of a sign-up, for whom it was mailed to and another page has let in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from services.notifications.adapters import messages, receipt, subscriptions
from services.notifications.domain.message import Message
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


async def read_receipt(tx: Tx, token: str) -> Message | None:
    """The letter that it was mailed with, the newest; None for a pass that is no good any more, for somebody who was
    mailed none, and when its words are forgotten.
    """
    reader = subscriptions.receipt_reader_in(tx.links, token, tx.now)
    if reader is None or await subscriptions.load_let_in(tx, reader) is None:
        return None
    return await messages.load_receipt(tx, f"enrolment/{reader.of}", reader.person_id)


async def read_as_file(message: Message) -> File | None:
    """As it lay beside the letter: the same bytes. Made in a thread, and best outside any transaction."""
    made = await asyncio.to_thread(receipt.write, message.name, message.says)
    return None if made is None else File(receipt.FILE_NAME, made)
