"""The form that a mailed link takes up again."""

from __future__ import annotations

from typing import NamedTuple

from services.enrollment.adapters import drafts, links
from services.enrollment.domain.draft import Draft, is_gone
from shared.storage.tx import Tx


class Found(NamedTuple):
    """`draft` is None when it has been sent, or was forgotten."""

    programme_id: str
    draft_id: str
    draft: Draft | None


async def read_draft(tx: Tx, token: str) -> Found | None:
    """None for a link that is none of ours."""
    named = links.draft_of(tx.links, token, tx.now)
    if named is None:
        return None
    draft = await drafts.load(tx, named.draft_id)
    return Found(named.programme_id, named.draft_id, None if draft is None or is_gone(draft, tx.now) else draft)
