"""Why a message went out: what it was, and the fact behind it."""

from __future__ import annotations

from services.notifications.adapters import messages
from services.notifications.domain.letter import TITLES
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """`sought`: our id, or what stands before the @ of the mail's Message-ID, which is all that its reader sees."""
    found = await messages.load(tx, sought) or await messages.load_mail(tx, sought)
    if found is None:
        return None
    message = found.message
    title = TITLES.get(message.template, message.template)
    whom = message.says.get("organisation") or message.name
    return Effect("Mail", f"{title} til {whom}" if whom else title, found.cause, message.programme_id)
