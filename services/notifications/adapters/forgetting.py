"""What notifications forgets: what was said, never that it was said. Machine time."""

from __future__ import annotations

from collections.abc import Sequence

from shared.storage.retention import Rule

# The natural key, the state and the cause stay: without them a fact that comes again would be mailed again.
_MESSAGES = """
    UPDATE messages
    SET forgotten = true, says = '{}', calendar = NULL, name = '', email = '', address_key = '', people = '{}'
    WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM messages WHERE state IN ('sent', 'settled', 'failed', 'unknown') AND NOT forgotten
          AND stored_at < now() - make_interval(days => $1)
        ORDER BY stored_at LIMIT $2
    ))
"""
_DIGEST_ITEMS = """
    UPDATE digest_items SET line = '', digest = NULL WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM digest_items WHERE told_on IS NOT NULL AND line <> ''
          AND stored_at < now() - make_interval(days => $1)
        ORDER BY stored_at LIMIT $2
    ))
"""


def rules(days: int) -> Sequence[Rule]:
    """So many days after a mail that nobody is sending was stored, or sent again by a person; lines of digests too."""
    return (Rule("messages", days, _MESSAGES), Rule("digest_items", days, _DIGEST_ITEMS))
