"""Why a message went out, or a text to many: what it was, and the fact or the person behind it."""

from __future__ import annotations

from services.notifications.adapters import messages, writings
from services.notifications.domain.letter import TITLES
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """`sought`: our id of a mail or of a text to many, or what stands before the @ of a Message-ID: all that its reader
    sees.
    """
    found = await messages.load(tx, sought) or await messages.load_mail(tx, sought)
    if found is None:
        return await _of_writing(tx, sought)
    message = found.message
    title = TITLES.get(message.template, message.template)
    whom = message.says.get("organisation") or message.name
    return Effect("Mail", f"{title} til {whom}" if whom else title, found.cause, message.programme_id)


async def _of_writing(tx: Tx, sought: str) -> Effect | None:
    writing, cause = await writings.load(tx, sought), await writings.load_cause(tx, sought)
    if writing is None or cause is None:
        return None
    how = "kladde" if writing.state == "draft" else f"til {writing.written_to}"
    return Effect("mail til flere", f"{writing.wanted.headline} ({how})", cause, writing.programme_id)
