"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

CAUSES = """
    SELECT correlation_id FROM meetings WHERE programme_id = $1
    UNION SELECT c.correlation_id FROM meetings m JOIN meeting_changes c ON c.meeting_id = m.id
    WHERE m.programme_id = $1
    UNION SELECT correlation_id FROM completed_steps WHERE programme_id = $1
"""
"""The correlation ids of what is kept of the programme `$1`."""
