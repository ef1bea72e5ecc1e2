"""From which epoch on somebody's badges are good here (`shared.web.badge`)."""

from __future__ import annotations

from shared.storage.tx import Tx


async def raise_epoch(tx: Tx, subject: str) -> int:
    """One more than it was; the row is locked until the transaction ends."""
    epoch: int = await tx.fetchval(
        """
        INSERT INTO session_epochs AS e (subject, epoch) VALUES ($1, 1)
        ON CONFLICT (subject) DO UPDATE SET epoch = e.epoch + 1 RETURNING epoch
        """,
        subject,
    )
    return epoch


async def load_epoch(tx: Tx, subject: str) -> int:
    epoch: int | None = await tx.fetchval("SELECT epoch FROM session_epochs WHERE subject = $1", subject)
    return epoch or 0


async def keep_epochs(tx: Tx, epochs: dict[str, int]) -> None:
    """As their owner told; one that is lower than what is known changes nothing."""
    await tx.execute(
        """
        INSERT INTO session_epochs AS e (subject, epoch)
        SELECT * FROM unnest($1::text[], $2::bigint[]) ORDER BY 1
        ON CONFLICT (subject) DO UPDATE SET epoch = greatest(e.epoch, excluded.epoch)
        """,
        list(epochs),
        list(epochs.values()),
    )
