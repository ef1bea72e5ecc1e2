"""What enrollment forgets: what was typed into a form, which anybody may have typed. Machine time."""

from __future__ import annotations

from services.enrollment.domain.draft import DRAFT_DAYS
from shared.storage.retention import Rule

SIGN_UPS = Rule(
    "sign_ups",
    90,
    """
    DELETE FROM sign_ups WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM sign_ups
        WHERE (shown_at IS NULL OR confirmed_at IS NOT NULL OR dismissed_at IS NOT NULL)
          AND stored_at < now() - make_interval(days => $1)
        ORDER BY stored_at LIMIT $2
    ))
    """,
)
"""So long after it came in, or something became of it; never while it waits for staff. Its link is dead long before."""
DRAFTS = Rule(
    "drafts",
    DRAFT_DAYS + 1,
    """
    DELETE FROM drafts WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM drafts WHERE stored_at < now() - make_interval(days => $1) ORDER BY stored_at LIMIT $2
    ))
    """,
)
"""So long after it was saved; whoever opens its link later finds an empty form."""
RULES = (SIGN_UPS, DRAFTS)
