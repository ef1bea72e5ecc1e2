"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

from datetime import datetime

from shared.storage.tx import Tx

CAUSES = """
    SELECT correlation_id FROM programmes WHERE id = $1
    UNION SELECT correlation_id FROM programme_versions WHERE programme_id = $1
    UNION SELECT e.correlation_id FROM programme_drafts d JOIN programme_draft_editions e ON e.draft_id = d.id
    WHERE d.draft_of = $1
    UNION SELECT correlation_id FROM invitation_rounds WHERE programme_id = $1
    UNION SELECT correlation_id FROM option_orders WHERE programme_id = $1
    UNION SELECT correlation_id FROM enrolments WHERE programme_id = $1
    UNION SELECT h.correlation_id FROM enrolments e JOIN enrolment_history h ON h.enrolment_id = e.id
    WHERE e.programme_id = $1
    UNION SELECT h.correlation_id FROM enrolments e JOIN contact_history h ON h.enrolment_id = e.id
    WHERE e.programme_id = $1
    UNION SELECT t.correlation_id FROM enrolments e JOIN team_members t ON t.enrolment_id = e.id
    WHERE e.programme_id = $1
    UNION SELECT s.correlation_id FROM enrolments e JOIN rosters r ON r.enrolment_id = e.id
    JOIN seats s ON s.roster_id = r.id WHERE e.programme_id = $1
    UNION SELECT g.correlation_id FROM meetings m JOIN guests g ON g.meeting_id = m.id WHERE m.programme_id = $1
"""
"""The correlation ids of what is kept of the programme `$1`."""


async def load_last(tx: Tx, enrolment_id: str, command: str, role_id: str | None) -> tuple[datetime, str] | None:
    """When this was done last to the enrolment, or to the role of it, and the actor; None where something else was done
    to it since. Machine time.
    """
    row = await tx.fetchrow(
        """
        SELECT a.at, coalesce(a.actor, '') AS actor FROM (
            SELECT correlation_id FROM enrolments WHERE id = $1 AND $3::text IS NULL
            UNION
            SELECT correlation_id FROM contact_history
            WHERE enrolment_id = $1 AND role_id = $3 AND held_until IS NULL
        ) last JOIN audit a ON a.correlation_id = last.correlation_id
        WHERE a.command = $2 AND a.status < 400 ORDER BY a.id DESC LIMIT 1
        """,
        enrolment_id,
        command,
        role_id,
    )
    return None if row is None else (row["at"], row["actor"])
