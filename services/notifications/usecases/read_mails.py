"""Mails for operators on their command line: a list, and one mail as they know it."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import messages
from services.notifications.adapters.mime import Attachment
from services.notifications.adapters.writings import load_attached
from services.notifications.domain.message import Message, require_words, unknown_message
from shared.base.listing import MOST
from shared.storage.tx import Tx


async def read_mails(
    tx: Tx, states: Sequence[str], limit: int, before: int | None = None
) -> tuple[list[Message], int | None]:
    """The newest first, and the number that the next page begins before; None = these are the last."""
    limit = min(max(limit, 1), MOST)
    found = await messages.load_newest(tx, states=states, before=before, limit=limit + 1)
    return found[:limit], found[limit - 1].number if len(found) > limit else None


async def read_files(tx: Tx, message: Message) -> list[Attachment]:
    """What is attached to it and kept beside it."""
    return await load_attached(tx, message)


async def read_mail(tx: Tx, known_as: str) -> Message:
    """By the message's id, or by the Message-ID that its reader sees, as it stands there or without its frame."""
    digest = known_as.strip("<> ").partition("@")[0]
    found = await messages.load_mail(tx, digest) or await messages.load(tx, known_as)
    if found is None:
        raise unknown_message()
    return require_words(found.message)
