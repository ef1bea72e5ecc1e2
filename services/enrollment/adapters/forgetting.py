"""What enrollment forgets: what was typed into a form, which anybody may have typed (machine time).

And where it holds what people are called, so that it can forget a person.
"""

from __future__ import annotations

from services.enrollment.domain.draft import DRAFT_DAYS
from shared.storage.erasure import Holding
from shared.storage.retention import Rule

HOLDINGS = (
    Holding(
        "people",
        {"person_id": "text"},
        {"name": "name", "email": "email"},
        person="person_id",
        address="email_key",
    ),
    # Somebody else's form that names them for a role goes on without them; their own goes.
    Holding(
        "sign_ups",
        {"id": "text"},
        {"command": "json"},
        of="lower(jsonb_path_query_array(command, '$.roles.*.email')::text)::jsonb ?| $2"
        " AND (coalesce(applicant_id, person_id) = ANY($1) OR contact_key = ANY($2)) IS NOT TRUE",
    ),
    Holding(
        "sign_ups",
        {"id": "text"},
        {"contact_key": "email", "command": "json"},
        person="coalesce(applicant_id, person_id)",
        address="contact_key",
        of="coalesce(applicant_id, person_id) = ANY($1) OR contact_key = ANY($2)",
        gone=True,
    ),
    Holding(
        "drafts",
        {"id": "text"},
        {"mailbox": "email", "typed": "json"},
        of="mailbox = ANY($2) AND $1::text[] IS NOT NULL",
        gone=True,
    ),
    # Rows that are written within seconds; what came of them may say who was there already.
    Holding(
        "sheet_rows",
        {"import_id": "text", "row_number": "integer"},
        {"asked": "json"},
        of="asked IS NOT NULL AND lower(asked ->> 'email') = ANY($2) AND $1::text[] IS NOT NULL",
        gone=True,
    ),
    Holding("sheet_rows", {"import_id": "text", "row_number": "integer"}, {"outcomes": "text"}),
    # An address that was vouched for speaks for nobody any more. Mailboxes of roles are an organisation's.
    Holding(
        "speakers",
        {"organisation_code": "text", "kind": "text", "value": "text"},
        {"value": "text"},
        of="kind = 'mailbox' AND value = ANY($2) AND $1::text[] IS NOT NULL",
        gone=True,
    ),
    Holding(
        "seats",
        {"roster_id": "text", "person_id": "text"},
        {"written_name": "name", "written_email": "email", "own_billing": "json"},
        person="person_id",
    ),
    Holding(
        "team_members",
        {"enrolment_id": "text", "person_id": "text"},
        {"written_name": "name", "written_email": "email"},
        person="person_id",
    ),
    Holding(
        "guests",
        {"guest_id": "text"},
        {"guest_name": "name", "guest_email": "email"},
        person="guest_id",
        address="lower(guest_email)",
        gone=True,
    ),
    Holding(
        "needs",
        {"roster_id": "text", "person_id": "text"},
        {"diet": "text", "diet_text": "text", "access": "text", "access_text": "text"},
        person="person_id",
        gone=True,
    ),
    Holding(
        "team_needs",
        {"enrolment_id": "text", "person_id": "text"},
        {"diet": "text", "diet_text": "text", "access": "text", "access_text": "text"},
        person="person_id",
        gone=True,
    ),
    Holding(
        "guest_needs",
        {"guest_id": "text"},
        {"diet": "text", "diet_text": "text", "access": "text", "access_text": "text"},
        person="guest_id",
        gone=True,
    ),
    Holding("seat_moves", {"id": "bigint"}, {"written_name": "name"}, person="person_id"),
    Holding(
        "contact_history",
        {"enrolment_id": "text", "role_id": "text", "turn": "integer"},
        {"holder": "json", "because": "text"},
        person="holder ->> 'person_id'",
    ),
    # Why somebody was erased, in words of staff that may name them.
    Holding(
        "unarchived_erasures",
        {"id": "bigint"},
        {"because": "text"},
        of="erased_ids && $1 AND $2::text[] IS NOT NULL",
    ),
    # Whoever works at the organiser and signs in again is written here again, as their provider says.
    Holding(
        "accounts",
        {"id": "text"},
        {"account_name": "name", "account_email": "email"},
        person="id",
        address="lower(account_email)",
    ),
    Holding(
        "role_grants",
        {"id": "bigint"},
        {"granted_to": "email"},
        of="granted_to = ANY($2) AND $1::text[] IS NOT NULL",
        gone=True,
    ),
    # As an enrolment's billing, and found as that is.
    Holding(
        "option_orders",
        {"id": "text"},
        {"order_billing": "json"},
        of="enrolment_id IN (SELECT id FROM enrolments WHERE contact ->> 'person_id' = ANY($1))"
        " AND $2::text[] IS NOT NULL"
        " OR enrolment_id IN (SELECT enrolment_id FROM contact_history WHERE holder ->> 'person_id' = ANY($1))"
        " OR enrolment_id IN (SELECT coalesce(r.enrolment_id, list_id) FROM seat_moves"
        " LEFT JOIN rosters r ON r.id = list_id WHERE person_id = ANY($1))",
    ),
    Holding(
        "enrolments",
        {"id": "text"},
        {"contact": "json", "billing": "json", "answers": "json", "late": "json"},
        person="contact ->> 'person_id'",
        # Whoever held a role, or took part, may stand in its answers, or as the reference of its invoices.
        of="contact ->> 'person_id' = ANY($1) AND $2::text[] IS NOT NULL"
        " OR id IN (SELECT enrolment_id FROM contact_history WHERE holder ->> 'person_id' = ANY($1))"
        # The list of a team is called as its enrolment.
        " OR id IN (SELECT coalesce(r.enrolment_id, list_id) FROM seat_moves LEFT JOIN rosters r ON r.id = list_id"
        " WHERE person_id = ANY($1))",
    ),
)
"""Where it holds what people are called."""

SIGN_UPS = Rule(
    "sign_ups",
    90,
    """
    DELETE FROM sign_ups WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM sign_ups
        WHERE (shown_at IS NULL OR confirmed_at IS NOT NULL OR dismissed_at IS NOT NULL)
          AND stored_at < now() - make_interval(days => $1)
        ORDER BY stored_at LIMIT $2
    ))
    """,
)
"""So long after it came in, or something became of it; never while it waits for staff. Its link is dead long before."""
DRAFTS = Rule(
    "drafts",
    DRAFT_DAYS + 1,
    """
    DELETE FROM drafts WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM drafts WHERE stored_at < now() - make_interval(days => $1) ORDER BY stored_at LIMIT $2
    ))
    """,
)
"""So long after it was saved; whoever opens its link later finds an empty form."""
PROGRAMME_DRAFTS = Rule(
    "programme_drafts",
    730,
    """
    DELETE FROM programme_drafts WHERE id = ANY (ARRAY (
        SELECT id FROM programme_drafts WHERE stored_at < now() - make_interval(days => $1) ORDER BY stored_at LIMIT $2
    ))
    """,
)
"""So long after somebody saved it last; with it go its editions."""
SHEET_IMPORTS = Rule(
    "sheet_imports",
    30,
    """
    DELETE FROM sheet_imports WHERE id = ANY (ARRAY (
        SELECT id FROM sheet_imports WHERE stored_at < now() - make_interval(days => $1) ORDER BY stored_at LIMIT $2
    ))
    """,
)
"""So long after it was begun; with it goes what came of its rows. It has been over for all but the first minutes."""
SIGN_INS = Rule(
    "sign_ins",
    1,
    """
    DELETE FROM sign_ins WHERE state_sha256 = ANY (ARRAY (
        SELECT state_sha256 FROM sign_ins WHERE begun_at < now() - make_interval(days => $1) ORDER BY begun_at LIMIT $2
    ))
    """,
)
"""Nobody comes back from the provider after that; it has not been good for longer than ten minutes."""
SESSIONS = Rule(
    "sessions",
    90,
    """
    DELETE FROM sessions WHERE id = ANY (ARRAY (
        SELECT id FROM sessions WHERE seen_at < now() - make_interval(days => $1) ORDER BY seen_at LIMIT $2
    ))
    """,
)
"""So long after somebody was seen there last; it has been over for all but the first hours of it."""
ACCOUNTS = Rule(
    "accounts",
    730,
    """
    DELETE FROM accounts WHERE id = ANY (ARRAY (
        SELECT id FROM accounts a WHERE made_at < now() - make_interval(days => $1)
          AND NOT EXISTS (SELECT FROM sessions WHERE account_id = a.id)
          AND NOT EXISTS (SELECT FROM role_grants g WHERE g.account_id = a.id)
        ORDER BY made_at LIMIT $2
    ))
    """,
)
"""Of whoever has no role, and has not been seen for as long as sessions are kept."""
CODES = Rule(
    "mailbox_codes",
    1,
    """
    DELETE FROM mailbox_codes WHERE id = ANY (ARRAY (
        SELECT id FROM mailbox_codes WHERE asked_at < now() - make_interval(days => $1) ORDER BY asked_at LIMIT $2
    ))
    """,
)
"""None has been good for longer than ten minutes."""
CONFIRMED = Rule(
    "confirmed_mailboxes",
    1,
    """
    DELETE FROM confirmed_mailboxes WHERE ctid = ANY (ARRAY (
        SELECT ctid FROM confirmed_mailboxes WHERE seen_at < now() - make_interval(days => $1)
        ORDER BY seen_at LIMIT $2
    ))
    """,
)
"""It has been over for half of that."""
RULES = (SIGN_UPS, DRAFTS, PROGRAMME_DRAFTS, SHEET_IMPORTS, SIGN_INS, SESSIONS, ACCOUNTS, CODES, CONFIRMED)
