"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

from collections.abc import Mapping
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


WROTE: Mapping[str, str] = {
    "enrolment": "SELECT correlation_id FROM enrolments WHERE id = $2",
    "role": "SELECT correlation_id FROM contact_history WHERE enrolment_id = $2 AND role_id = $3"
    " AND held_until IS NULL",
    "order": "SELECT unnest(ARRAY[correlation_id, order_billed_in]) AS correlation_id FROM (SELECT * FROM option_orders"
    " WHERE enrolment_id = $2 AND option_id = $3 ORDER BY round DESC LIMIT 1) AS newest",
    "seat": "SELECT s.billed_in AS correlation_id FROM seats s JOIN rosters r ON r.id = s.roster_id"
    " WHERE r.enrolment_id = $2 AND r.meeting_id = $3 AND s.person_id = $4",
    "needs": "SELECT n.correlation_id FROM needs n JOIN rosters r ON r.id = n.roster_id"
    " WHERE r.enrolment_id = $2 AND r.meeting_id = $3 AND n.person_id = $4",
    "team_needs": "SELECT correlation_id FROM team_needs WHERE enrolment_id = $2 AND person_id = $3",
    "guest_needs": "SELECT correlation_id FROM guest_needs WHERE guest_id = $2",
    "programme": "SELECT correlation_id FROM programmes WHERE id = $2",
}
"""By what something was written down in: by which request last; `$2` and on are what the row is known by."""


async def load_last(tx: Tx, command: str, wrote: str, *key: str) -> tuple[datetime, str] | None:
    """When this was done last to the one row of `WROTE`, and the actor; None where something else was done to it since.
    Machine time.
    """
    row = await tx.fetchrow(
        f"""
        SELECT a.at, coalesce(a.actor, '') AS actor FROM ({WROTE[wrote]}) last
        JOIN audit a ON a.correlation_id = last.correlation_id
        WHERE a.command = $1 AND a.status < 400 ORDER BY a.id DESC LIMIT 1
        """,
        command,
        *key,
    )
    return None if row is None else (row["at"], row["actor"])
