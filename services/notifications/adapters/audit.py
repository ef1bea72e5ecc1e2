"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

CAUSES = """
    SELECT correlation_id FROM messages WHERE programme_id = $1
    UNION SELECT d.correlation_id FROM message_decisions d JOIN messages m ON m.id = d.message_id
    WHERE m.programme_id = $1
"""
"""The correlation ids of what is kept of the programme `$1`."""
