"""The queue of messages as a mailer sees it. Leases and pauses are machine time, by the database's clock.

A message with a lease is `claimed`, then `sending` (see `domain.message`); back to `pending` it goes from claimed
(always safe), or from sending when the server has said "later".
"""

from __future__ import annotations

from datetime import timedelta

from services.notifications.adapters.messages import COLUMNS, Stored, stored
from shared.storage.tx import Pool, Tx

_LEASING = 7_405_611_230_104
"""Advisory lock of whoever leases; two at once could each take one of two letters to the same mailbox."""


FEW = 200
"""So many letters are looked at one by one; of more, those with the lowest numbers are found at once."""
_DUE = """
    (SELECT id FROM messages WHERE state = 'pending' AND not_before <= now() LIMIT $1)
    UNION ALL
    (SELECT id FROM messages
     WHERE state IN ('claimed', 'sending') AND state = 'claimed' AND lease_until < now() LIMIT $1)
"""

_CODES = """
    SELECT id FROM messages WHERE template = 'mailbox_code' AND state = 'pending' AND not_before <= now()
    ORDER BY number LIMIT $1
"""


async def lease(pool: Pool, mailer: str, lease_s: float, most: int) -> list[Stored]:
    """The oldest letters that may go out now, for this mailer; one mailbox's letters never overtake each other.

    Codes go first, and wait for no letter to their mailbox: somebody sits and waits for them. Few that are due among
    many that wait for a later try are named, so that those are not gone through.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchval("SELECT pg_advisory_xact_lock($1)", _LEASING)
        codes = [row["id"] for row in await connection.fetch(_CODES, min(most, FEW))]
        due = codes or [row["id"] for row in await connection.fetch(_DUE, FEW)]
        rows = await connection.fetch(
            f"""
            WITH due AS (
                SELECT d.id FROM messages d
                WHERE ($4::text[] IS NULL OR d.id = ANY($4::text[]))
                  AND ((d.state = 'pending' AND d.not_before <= now())
                       OR (d.state = 'claimed' AND d.lease_until < now()))
                  AND (d.template = 'mailbox_code' OR NOT EXISTS (
                      SELECT FROM messages e
                      WHERE e.address_key = d.address_key AND e.number < d.number
                        AND (e.state = 'sending' OR (e.state = 'claimed' AND e.lease_until >= now())
                             OR (e.state = 'pending' AND e.not_before > now()))))
                ORDER BY d.number LIMIT $3
            )
            UPDATE messages m SET state = 'claimed', claimed_by = $1, lease_until = now() + make_interval(secs => $2)
            FROM due WHERE m.id = due.id
            RETURNING {COLUMNS}
            """,
            mailer,
            lease_s,
            most,
            due if codes or len(due) < FEW else None,
        )
    return sorted((stored(row) for row in rows), key=lambda one: one.message.number)


async def renew(pool: Pool, mailer: str, lease_s: float) -> None:
    """Say that this mailer lives. A lease that has run out is not taken back."""
    await pool.execute(
        """
        UPDATE messages SET lease_until = now() + make_interval(secs => $2)
        WHERE state IN ('claimed', 'sending') AND claimed_by = $1 AND lease_until >= now()
        """,
        mailer,
        lease_s,
    )


async def begin(pool: Pool, message_id: str, mailer: str, lease_s: float) -> bool:
    """Committed before the first byte of the mail: from here on its fate may be unknown. False = the lease is lost."""
    begun = await pool.fetchval(
        """
        UPDATE messages SET state = 'sending', attempts = attempts + 1, lease_until = now() + make_interval(secs => $3)
        WHERE id = $1 AND state = 'claimed' AND claimed_by = $2 AND lease_until >= now() RETURNING id
        """,
        message_id,
        mailer,
        lease_s,
    )
    return begun is not None


async def give_back(pool: Pool, message_ids: list[str], mailer: str) -> None:
    """Not begun; the next one may take them."""
    await pool.execute(
        """
        UPDATE messages SET state = 'pending', claimed_by = NULL, lease_until = NULL
        WHERE id = ANY($1::text[]) AND state = 'claimed' AND claimed_by = $2
        """,
        message_ids,
        mailer,
    )


async def mark_not_begun(pool: Pool, message_id: str, mailer: str) -> None:
    """As `give_back`, when it is known that nothing was sent although it may stand as being sent."""
    await pool.execute(
        """
        UPDATE messages SET state = 'pending', claimed_by = NULL, lease_until = NULL
        WHERE id = $1 AND state IN ('claimed', 'sending') AND claimed_by = $2
        """,
        message_id,
        mailer,
    )


async def postpone(pool: Pool, message_id: str, mailer: str, reply: str, pause_s: float) -> None:
    """The server has said "later"; it did not take the mail."""
    await pool.execute(
        """
        UPDATE messages SET state = 'pending', claimed_by = NULL, lease_until = NULL, reply = $3,
               attempts = attempts + (state = 'claimed')::integer, not_before = now() + make_interval(secs => $4)
        WHERE id = $1 AND claimed_by = $2 AND state IN ('claimed', 'sending')
        """,
        message_id,
        mailer,
        reply,
        pause_s,
    )


async def load_waited(pool: Pool, message_id: str) -> timedelta:
    """How long it has waited since it was stored (or sent again by a person)."""
    waited: timedelta = await pool.fetchval("SELECT now() - stored_at FROM messages WHERE id = $1", message_id)
    return waited


async def lock_lost(tx: Tx, mailer: str, message_id: str | None = None) -> list[Stored]:
    """What was being sent and no longer is: one message of this mailer's, or all whose lease has run out.

    A mailer asks for all when it sends nothing itself, so what stands as sent by it is lost too.
    """
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM messages m
        WHERE m.state = 'sending'
          AND CASE WHEN $2::text IS NULL THEN m.lease_until < now() OR m.claimed_by = $1
                   ELSE m.id = $2 AND m.claimed_by = $1 END
        ORDER BY m.number FOR UPDATE
        """,
        mailer,
        message_id,
    )
    return [stored(row) for row in rows]


async def load_to_do(pool: Pool, mailer: str) -> tuple[bool, bool]:
    """Whether something was lost while it was sent (see `lock_lost`), and whether something could be leased.

    Of the queue it reads what is due and what has a lease, and nothing of what waits for a later try.
    """
    row = await pool.fetchrow(
        """
        SELECT EXISTS (SELECT FROM messages WHERE state IN ('claimed', 'sending') AND state = 'sending'
                       AND (lease_until < now() OR claimed_by = $1)) AS lost,
               EXISTS (SELECT FROM messages WHERE state = 'pending' AND not_before <= now())
               OR EXISTS (SELECT FROM messages WHERE state IN ('claimed', 'sending') AND state = 'claimed'
                          AND lease_until < now()) AS due
        """,
        mailer,
    )
    return (row["lost"], row["due"]) if row else (False, False)


async def count_waiting(pool: Pool) -> int:
    """Not yet sent, unknown or failed; those that wait for a later try included."""
    count: int = await pool.fetchval("SELECT count(*) FROM messages WHERE state IN ('pending', 'claimed', 'sending')")
    return count
