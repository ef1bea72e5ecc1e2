"""What the messaging tables forget, and when; machine time. Called every hour or so by the service's housekeeping.

Inbox rows are lineage as well (`why`), so they are kept for years; they must outlive whatever may come again: Kafka's
90 days, the oldest dead letter, a week. Parked events and open dead letters are never touched, nor are positions
(`stream_in`, `stream_out`): a sequence that began anew would be told, and mailed, a second time.
"""

from __future__ import annotations

from dataclasses import replace

from shared.storage.retention import CHUNK, Rule, keep_to
from shared.storage.tx import Connection

SENT_DAYS = 90
INBOX = Rule(
    "inbox",
    5 * 365 + 2,
    """
    DELETE FROM inbox WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM inbox WHERE received_at < now() - make_interval(days => $1)
        AND received_at < (SELECT coalesce(min(received_at), now()) FROM dead_letters WHERE state = 'open')
        LIMIT $2
    ))
    """,
)
DEAD_LETTERS = Rule(
    "dead_letters",
    365,
    """
    DELETE FROM dead_letters WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM dead_letters
        WHERE state <> 'open' AND settled_at < now() - make_interval(days => $1)
        ORDER BY settled_at LIMIT $2
    ))
    """,
)
HALTS = Rule(
    "halts",
    365,
    """
    DELETE FROM halts WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM halts WHERE seen_at < now() - make_interval(days => $1) ORDER BY seen_at LIMIT $2
    ))
    """,
)
RULES = (INBOX, DEAD_LETTERS, HALTS)


async def forget(
    connection: Connection,
    *,
    sent_days: int = SENT_DAYS,
    inbox_days: int = INBOX.days,
    dead_letter_days: int = DEAD_LETTERS.days,
    chunk: int = CHUNK,
) -> int:
    """Forget what is old, in small transactions; returns how many rows and partitions that were.

    Less than 90 days for what was sent is refused by the database (22023).
    """
    forgotten: int = await connection.fetchval("SELECT outbox_sent_drop_partitions($1)", sent_days)
    for rule, days in ((INBOX, inbox_days), (DEAD_LETTERS, dead_letter_days), (HALTS, dead_letter_days)):
        forgotten += await keep_to(replace(rule, days=days), connection, chunk)
    return forgotten
