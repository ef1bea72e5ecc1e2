"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

from datetime import datetime

from shared.storage.tx import Tx

CAUSES = """
    SELECT correlation_id FROM claims WHERE programme_id = $1
    UNION SELECT correlation_id FROM invoices WHERE programme_id = $1
    UNION SELECT p.correlation_id FROM invoices i JOIN payments p ON p.invoice_id = i.id WHERE i.programme_id = $1
    UNION SELECT n.correlation_id FROM invoices i JOIN credit_notes n ON n.invoice_id = i.id WHERE i.programme_id = $1
"""
"""The correlation ids of what is kept of the programme `$1`."""


async def load_last(tx: Tx, claim_id: str, command: str) -> tuple[datetime, str] | None:
    """When a claim was changed last so, and the actor; None where something else was done to it since. Machine time."""
    row = await tx.fetchrow(
        """
        SELECT a.at, coalesce(a.actor, '') AS actor FROM claims c JOIN audit a ON a.correlation_id = c.correlation_id
        WHERE c.id = $1 AND a.command = $2 AND a.status < 400 ORDER BY a.id DESC LIMIT 1
        """,
        claim_id,
        command,
    )
    return None if row is None else (row["at"], row["actor"])
