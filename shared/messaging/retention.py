"""What the messaging tables forget, and when; machine time. Called every hour or so by the service's housekeeping.

Inbox rows are lineage as well (`why`), so they are kept for years; they must outlive whatever may come again: Kafka's
90 days, the oldest dead letter, a week. Parked events and open dead letters are never touched.
"""

from __future__ import annotations

from shared.storage.tx import Connection

SENT_DAYS = 90
INBOX_DAYS = 5 * 365 + 2
DEAD_LETTER_DAYS = 365
CHUNK = 5000

_FORGET_INBOX = """
DELETE FROM inbox WHERE ctid = ANY (ARRAY (
    SELECT ctid FROM inbox WHERE received_at < clock_timestamp() - make_interval(days => $1)
    AND received_at < (SELECT coalesce(min(received_at), clock_timestamp()) FROM dead_letters WHERE state = 'open')
    LIMIT $2
))
"""

_FORGET_DEAD = """
DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE state <> 'open' AND settled_at < clock_timestamp() - make_interval(days => $1)
    LIMIT $2
)
"""


_FORGET_HALTS = """
DELETE FROM halts WHERE id IN (
    SELECT id FROM halts WHERE seen_at < clock_timestamp() - make_interval(days => $1) LIMIT $2
)
"""


async def forget(
    connection: Connection,
    *,
    sent_days: int = SENT_DAYS,
    inbox_days: int = INBOX_DAYS,
    dead_letter_days: int = DEAD_LETTER_DAYS,
) -> int:
    """Forget what is old, in small transactions; returns how many rows and partitions that were.

    Less than 90 days for what was sent is refused by the database (22023).
    """
    forgotten: int = await connection.fetchval("SELECT outbox_sent_drop_partitions($1)", sent_days)
    for statement, days in (
        (_FORGET_INBOX, inbox_days),
        (_FORGET_DEAD, dead_letter_days),
        (_FORGET_HALTS, dead_letter_days),
    ):
        removed = CHUNK
        while removed == CHUNK:
            removed = int((await connection.execute(statement, days, CHUNK)).split()[-1])
            forgotten += removed
    return forgotten
