"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

CAUSES = """
    SELECT correlation_id FROM claims WHERE programme_id = $1
    UNION SELECT correlation_id FROM invoices WHERE programme_id = $1
    UNION SELECT p.correlation_id FROM invoices i JOIN payments p ON p.invoice_id = i.id WHERE i.programme_id = $1
    UNION SELECT n.correlation_id FROM invoices i JOIN credit_notes n ON n.invoice_id = i.id WHERE i.programme_id = $1
"""
"""The correlation ids of what is kept of the programme `$1`."""
