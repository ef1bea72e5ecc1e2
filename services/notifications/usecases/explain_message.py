"""Why a message went out: what it was, and the fact behind it."""

from __future__ import annotations

from services.notifications.adapters import messages
from services.notifications.domain.letter import TITLES
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain_message(tx: Tx, message_id: str) -> Effect | None:
    """`message_id`: ours, or what stands before the @ of the mail's Message-ID, which is all that its reader sees."""
    found = await messages.load(tx, message_id) or await messages.find_mail(tx, message_id)
    if found is None:
        return None
    title = TITLES.get(found.template, found.template)
    whom = found.says.get("organisation") or found.name
    return Effect("Mail", f"{title} til {whom}" if whom else title, found.cause)
