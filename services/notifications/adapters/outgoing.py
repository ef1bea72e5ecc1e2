"""The queue of messages as a mailer sees it. Leases and pauses are machine time, by the database's clock.

`pending → claimed → sending → sent | unknown | failed`, and back to pending from claimed (always safe), or from sending
when the server has said "later". Between `sending` and the server's answer nobody knows whether the mail went out, so
a lease that runs out there makes the message `unknown`, and nothing but a person sends it again.
"""

from __future__ import annotations

from services.notifications.adapters.messages import COLUMNS, Message, message
from shared.storage.tx import Pool, Tx

_CLAIMS = 7_405_611_230_104
"""Advisory lock of whoever claims; two at once could each take one of two letters to the same mailbox."""


async def claim(pool: Pool, mailer: str, lease_s: float, most: int) -> list[Message]:
    """The oldest letters that may go out now, for this mailer; one mailbox's letters never overtake each other."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchval("SELECT pg_advisory_xact_lock($1)", _CLAIMS)
        rows = await connection.fetch(
            f"""
            WITH due AS (
                SELECT d.id FROM messages d
                WHERE ((d.state = 'pending' AND d.not_before <= now())
                       OR (d.state = 'claimed' AND d.lease_until < now()))
                  AND NOT EXISTS (
                      SELECT FROM messages e
                      WHERE e.address_key = d.address_key AND e.number < d.number
                        AND (e.state = 'sending' OR (e.state = 'claimed' AND e.lease_until >= now())
                             OR (e.state = 'pending' AND e.not_before > now())))
                ORDER BY d.number LIMIT $3
            )
            UPDATE messages m SET state = 'claimed', claimed_by = $1, lease_until = now() + make_interval(secs => $2)
            FROM due WHERE m.id = due.id
            RETURNING {COLUMNS}
            """,
            mailer,
            lease_s,
            most,
        )
    return sorted((message(row) for row in rows), key=lambda one: one.number)


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


async def not_begun(pool: Pool, message_id: str, mailer: str) -> None:
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


async def too_old(pool: Pool, message_id: str, seconds: float) -> bool:
    """Whether it has waited longer than that since it was stored (or sent again by a person)."""
    old: bool = await pool.fetchval(
        "SELECT stored_at < now() - make_interval(secs => $2) FROM messages WHERE id = $1", message_id, seconds
    )
    return old


async def sent(tx: Tx, message_id: str) -> bool:
    """The server took it. Also from `unknown`: a mailer that was held up may come back with the answer."""
    done = await tx.fetchval(
        """
        UPDATE messages SET state = 'sent', sent_at = $2, claimed_by = NULL, lease_until = NULL, reply = NULL
        WHERE id = $1 AND state IN ('sending', 'unknown') RETURNING id
        """,
        message_id,
        tx.now,
    )
    return done is not None


async def refused(tx: Tx, message_id: str, reply: str) -> bool:
    """The server will never take it."""
    done = await tx.fetchval(
        """
        UPDATE messages SET state = 'failed', claimed_by = NULL, lease_until = NULL, reply = $2
        WHERE id = $1 AND state IN ('claimed', 'sending', 'unknown') RETURNING id
        """,
        message_id,
        reply,
    )
    return done is not None


async def lost(tx: Tx, mailer: str | None = None, message_id: str | None = None) -> list[Message]:
    """Make `unknown` of what was being sent: one message, or all whose lease has run out.

    A mailer asks for all when it sends nothing itself, so what stands as sent by it is lost too.
    """
    rows = await tx.fetch(
        f"""
        UPDATE messages m SET state = 'unknown', claimed_by = NULL, lease_until = NULL, reply = 'no_answer'
        WHERE m.state = 'sending'
          AND CASE WHEN $2::text IS NULL THEN m.lease_until < now() OR m.claimed_by = $1
                   ELSE m.id = $2 AND m.claimed_by = $1 END
        RETURNING {COLUMNS}
        """,
        mailer,
        message_id,
    )
    return [message(row) for row in rows]


async def to_do(pool: Pool, mailer: str) -> tuple[bool, bool]:
    """Whether something was lost while it was sent (see `lost`), and whether something could be claimed. No lock."""
    row = await pool.fetchrow(
        """
        SELECT EXISTS (SELECT FROM messages
                       WHERE state = 'sending' AND (lease_until < now() OR claimed_by = $1)) AS lost,
               EXISTS (SELECT FROM messages WHERE (state = 'pending' AND not_before <= now())
                                               OR (state = 'claimed' AND lease_until < now())) AS due
        """,
        mailer,
    )
    return (row["lost"], row["due"]) if row else (False, False)


async def waiting(pool: Pool) -> int:
    """Not yet sent, unknown or failed; those that wait for a later try included."""
    count: int = await pool.fetchval("SELECT count(*) FROM messages WHERE state IN ('pending', 'claimed', 'sending')")
    return count
