"""What enrollment forgets: what was typed into a form, which anybody may have typed. Machine time."""

from __future__ import annotations

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
RULES = (SIGN_UPS,)
