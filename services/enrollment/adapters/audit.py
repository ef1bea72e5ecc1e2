"""What goes back to the same request as something of a programme: its entries in the audit."""

from __future__ import annotations

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
