"""What notifications forgets: what was said, never that it was said (machine time); and what it holds of a person."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.addresses import ERASED_DOMAIN
from shared.storage.erasure import Holding
from shared.storage.retention import Rule
from shared.storage.tx import Tx

HOLDINGS = (
    Holding(
        "enrolments",
        {"id": "text"},
        {"contact_name": "name", "email": "email", "address_key": "email"},
        person="person_id",
    ),
    Holding(
        "participants",
        {"person_id": "text", "meeting_id": "text", "enrolment_id": "text"},
        {"name": "name", "email": "email", "address_key": "email"},
        person="person_id",
        address="address_key",
    ),
    Holding(
        "team_members",
        {"enrolment_id": "text", "person_id": "text", "address_key": "text"},
        {"name": "name", "email": "email", "address_key": "email"},
        person="person_id",
        address="address_key",
    ),
    Holding(
        "role_holders",
        {"enrolment_id": "text", "role_id": "text"},
        {"name": "name", "email": "email", "address_key": "email"},
        person="person_id",
        address="address_key",
    ),
    Holding(
        "former_contacts",
        {"enrolment_id": "text", "address_key": "text"},
        {"address_key": "email"},
        person="person_id",
    ),
    Holding(
        "invitations",
        {"address_key": "text", "meeting_id": "text"},
        {"name": "name", "email": "email", "address_key": "email"},
        person="person_id",
    ),
    Holding(
        "confirmed_sign_ups",
        {"enrolment_id": "text", "enrolled_at": "timestamptz"},
        {"contact_name": "name", "contact_email": "email"},
        person="person_id",
    ),
    Holding(
        "reminders",
        {"id": "text"},
        {"email": "email", "title": "text", "text": "text"},
        person="recipient",
        address="lower(email)",
        gone=True,
    ),
    Holding(
        "writing_recipients",
        {"writing_id": "text", "address_key": "text"},
        {"name": "name", "email": "email", "address_key": "email"},
        person="recipient",
        address="address_key",
        gone=True,
    ),
    # What staff wrote to many may name anybody.
    Holding("writings", {"id": "text"}, {"headline": "text", "body": "text"}),
    Holding("writing_files", {"writing_id": "text", "place": "integer"}, {"why_not": "text"}),
    # What was written to the person, and what others were written about them.
    Holding(
        "messages",
        {"id": "text"},
        {
            "name": "name",
            "email": "email",
            "address_key": "email",
            "says": "json",
            "calendar": "json",
            "subject_line": "text",
        },
        person="recipient",
        address="address_key",
    ),
    Holding(
        "messages",
        {"id": "text"},
        {
            "name": "text",
            "email": "text",
            "address_key": "text",
            "says": "json",
            "calendar": "json",
            "subject_line": "text",
        },
        # The lines of an invoice name extra participants, and no ids: those of the organisation it is sent to.
        of="recipient <> ALL($1) AND (people && $1 OR address_key = ANY($2)"
        " OR (template IN ('invoice', 'payment_reminder', 'credit_note')"
        " AND says ->> 'organisation' IN (SELECT organisation_name FROM participants WHERE person_id = ANY($1))"
        " AND EXISTS (SELECT FROM unnest($5::text[]) AS name WHERE position(name IN says::text) > 0)))",
    ),
)
"""Where it holds what people are called. The words of what the person was told are collected from their own rows."""

# The natural key, the state and the cause stay: without them a fact that comes again would be mailed again.
_MESSAGES = """
    UPDATE messages
    SET forgotten = true, says = '{}', calendar = NULL, name = '', email = '', address_key = '', people = '{}',
        subject_line = ''
    WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM messages WHERE state IN ('sent', 'settled', 'failed', 'unknown') AND NOT forgotten
          AND stored_at < now() - make_interval(days => $1)
        ORDER BY stored_at LIMIT $2
    ))
"""
_DIGEST_ITEMS = """
    UPDATE digest_items SET line = '', digest = NULL WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM digest_items WHERE told_on IS NOT NULL AND line <> ''
          AND stored_at < now() - make_interval(days => $1)
        ORDER BY stored_at LIMIT $2
    ))
"""

_WRITINGS = """
    UPDATE writings SET forgotten = true, headline = '', body = '' WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM writings WHERE NOT forgotten AND kept_since < now() - make_interval(days => $1)
        ORDER BY kept_since LIMIT $2
    ))
"""
_DRAFTS = """
    DELETE FROM writings WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM writings
        WHERE NOT forgotten AND kept_since < now() - make_interval(days => $1) AND writing_state = 'draft'
        ORDER BY kept_since LIMIT $2
    ))
"""
_FILES = """
    DELETE FROM writing_files WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM writing_files WHERE kept_since < now() - make_interval(days => $1) ORDER BY kept_since LIMIT $2
    ))
"""
# The programme is over when none of its meetings is still to come.
_FILES_AFTER_ALL = """
    DELETE FROM writing_files WHERE ctid = ANY (ARRAY (
        SELECT f.ctid FROM writing_files f JOIN writings w ON w.id = f.writing_id
        WHERE f.kept_since < now() - make_interval(days => $1) AND NOT EXISTS (
            SELECT FROM meetings m WHERE m.programme_id = w.programme_id AND m.state IN ('planned', 'dated')
        ) ORDER BY f.kept_since LIMIT $2
    ))
"""
DRAFT_DAYS = 30
AFTER_ALL_DAYS = 60
"""A file stays at least so long: mails wait and are sent again."""


async def load_gone(tx: Tx, recipients: Sequence[str]) -> set[str]:
    """Those of them who are erased: by the list, or as the newest fact about them says, which may come first."""
    rows = await tx.fetch(
        """
        SELECT person_id FROM erased_persons WHERE person_id = ANY($1::text[])
        UNION ALL SELECT person_id FROM participants WHERE person_id = ANY($1::text[]) AND address_key LIKE $2
        UNION ALL SELECT person_id FROM team_members WHERE person_id = ANY($1::text[]) AND address_key LIKE $2
        """,
        list(recipients),
        f"%@{ERASED_DOMAIN}",
    )
    return {row["person_id"] for row in rows}


def rules(days: int) -> Sequence[Rule]:
    """So many days after a mail that nobody is sending was stored, or sent again by a person; lines of digests too."""
    return (
        Rule("messages", days, _MESSAGES),
        Rule("digest_items", days, _DIGEST_ITEMS),
        Rule("writings", DRAFT_DAYS, _DRAFTS),
        Rule("writings", days, _WRITINGS),
        Rule("writing_files", AFTER_ALL_DAYS, _FILES_AFTER_ALL),
        Rule("writing_files", days, _FILES),
    )
