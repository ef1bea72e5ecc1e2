"""What has become of the mail with a code."""

from __future__ import annotations

from typing import Literal

from services.notifications.adapters import messages
from services.notifications.domain.message import CODE, TOO_LATE
from shared.storage.tx import Tx

Fate = Literal["on_its_way", "delivered", "late", "refused"]


async def read_code_mail(tx: Tx, code_id: str) -> Fate:
    """A code that nobody drew looks like one whose mail is not written yet."""
    found = await messages.load_newest(tx, about=f"code/{code_id}", template=CODE, limit=1)
    for mail in found:
        if mail.state == "sent":
            return "delivered"
        if mail.reply == TOO_LATE:
            return "late"
        if mail.state in {"failed", "settled"}:
            return "refused"
    return "on_its_way"
