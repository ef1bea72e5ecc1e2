"""The link of an invitation was opened: that is kept, and when first, and nothing of whoever it was."""

from __future__ import annotations

from services.enrollment.adapters import invitations, links
from shared.storage.tx import Tx


async def mark_opened(tx: Tx, token: str) -> None:
    """A scanner of mails opens links, too. Of a link that is none of ours nothing is kept."""
    invited = links.invited_of(tx.links, token, tx.now)
    if invited is not None:
        await invitations.mark_opened(tx, invited)
