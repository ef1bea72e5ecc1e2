"""Databases as they are after years: every table that grows has many rows, made in the database itself.

What stands in the rows is plausible where a reader looks at it (facts, terms, documents are real ones of
`tests.support.facts`) and the same otherwise. `many` is the number of rows of the tables that grow most.
"""

from __future__ import annotations

import json

import asyncpg

from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.invoicing import CreditInvoice, CreditNoteIssued
from shared.storage.tx import Connection
from tests.support.facts import (
    COMMAND_EXAMPLES,
    CONTACT,
    FACT_EXAMPLES,
    INVOICE,
    MEETING,
    ORGANISATION,
    PROGRAMME,
    PROGRAMME_TERMS,
)

_CAUSE = "correlation_id, causation_id, actor"
_BECAUSE = "'c' || n, 'e' || n, 'token/test'"


async def fill(admin_url: str, service: str, many: int) -> None:
    """As an administrator: foreign keys are not looked at. Ends with statistics, as autovacuum would have made them."""
    connection = await asyncpg.connect(admin_url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = off; SET LOCAL session_replication_role = replica")
            await _shared(connection, many)
            await _SERVICES[service](connection, many)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def sent(connection: Connection, many: int) -> None:
    """Events that were sent, over the last days; each is the cause of a few others."""
    await connection.execute(
        """
        INSERT INTO outbox_sent (id, event_id, source, topic, key, sequence, type, payload, correlation_id,
                                 causation_id, actor, occurred_at, created_at, sent_at)
        SELECT n, 'e' || n, '/tovholder/any', 'tovholder.any', 's' || n / 10, n % 10 + 1, 'tovholder.any.Told.v1',
               convert_to(repeat('x', 600), 'UTF8'), 'c' || n / 5, 'e' || n / 5, 'token/test', now(), now(), now()
        FROM generate_series(1, $1::integer) AS n
        """,
        many,
    )


async def _shared(connection: Connection, many: int) -> None:
    await sent(connection, many)
    for statement in (
        """INSERT INTO clients (name, scopes, version) SELECT 'n' || n, '{enrol}', n
           FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO client_tokens (sha256, client, expires_at)
           SELECT sha256(n::text::bytea), 'n' || n % $1 + 1, now() + interval '1 day'
           FROM generate_series(1, 2 * $1::integer) AS n""",
        """INSERT INTO client_sources (source, principal) SELECT '/n' || n, 'token/n' || n
           FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO audit (principal, route, command, status, correlation_id)
           SELECT 'token/n' || n % 50, 'GET /x', 'enrollment.people', 403, 'c'
           FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO audit (principal, route, command, status, correlation_id)
           SELECT 'staff/a', (ARRAY['token add', 'session end', 'GrantRole'])[n % 3 + 1], 'n' || n, 200, 'c'
           FROM generate_series(1, $1::integer) AS n""",
        "INSERT INTO session_epochs (subject, epoch) SELECT 'a' || n, 1 FROM generate_series(1, $1::integer) AS n",
        f"""INSERT INTO inbox (uid, consumer, source, event_id, type, subject, sequence, occurred_at, {_CAUSE})
            SELECT gen_random_uuid(), 'any', '/other', 'h' || n, 'tovholder.any.Told.v1', 's' || n / 10, n % 10 + 1,
                   now(), {_BECAUSE} FROM generate_series(1, $1::integer) AS n""",
        "INSERT INTO stream_out SELECT 's' || n, 10 FROM generate_series(1, $1::integer) AS n",
        """INSERT INTO stream_in SELECT 's' || n, '/other', 'any', 10, true
           FROM generate_series(1, $1::integer) AS n""",
        f"""INSERT INTO outbox (event_id, source, topic, key, sequence, type, payload, {_CAUSE}, occurred_at)
            SELECT 'u' || n, '/tovholder/any', 'tovholder.any', 'u' || n, 1, 'tovholder.any.Told.v1', 'x', {_BECAUSE},
                   now() FROM generate_series(1, $1::integer) AS n""",
        f"""INSERT INTO outbox_given_up (id, event_id, source, topic, key, sequence, type, {_CAUSE}, occurred_at,
                                         created_at, reason, died_at)
            SELECT -n, 'g' || n, '/tovholder/any', 'tovholder.any', 'g' || n, 1, 'tovholder.any.Told.v1', {_BECAUSE},
                   now(), now(), 'too large', now() FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, timestamp_ms, source, subject,
                                     event_id, type, reason, detail, fingerprint, state, settled_at)
           SELECT 'any', 'tovholder.any', 0, n, '[]', 0, '/other', 'd' || n, 'd' || n, 'tovholder.any.Told.v1',
                  'unreadable', 'x', 'f' || n % 5, 'discarded', now() FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO halts (uid, consumer, topic, partition, "offset", error)
           SELECT gen_random_uuid(), 'any', 'tovholder.any', 0, n, 'KeyError'
           FROM generate_series(1, least($1::integer, 300)) AS n""",
        """INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, timestamp_ms, source, subject,
                                     event_id, type, reason, detail, fingerprint)
           SELECT 'any', 'tovholder.any', 0, $1 + n, '[]', 0, '/other', 'o' || n, 'o' || n, 'tovholder.any.Told.v1',
                  'unreadable', 'x', 'f' || n % 5 FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO parked_keys (subject, source, consumer, reason)
           SELECT 's' || n, '/other', 'any', 'gap' FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO parked_events (subject, source, consumer, topic, partition, "offset", headers, timestamp_ms,
                                      event_id, type, sequence)
           SELECT 's' || n, '/other', 'any', 'tovholder.any', 0, n, '[]', 0, 'p' || n, 'tovholder.any.Told.v1', 12
           FROM generate_series(1, $1::integer) AS n""",
        f"""INSERT INTO outbox_dead (id, event_id, source, topic, key, sequence, type, payload, {_CAUSE}, occurred_at,
                                     created_at, reason)
            SELECT -n, 'w' || n, '/tovholder/any', 'tovholder.any', 'w' || n, 1, 'tovholder.any.Told.v1', 'x',
                   {_BECAUSE}, now(), now(), 'too large' FROM generate_series(1, $1::integer) AS n""",
        f"""INSERT INTO timers (timer, key, due, {_CAUSE})
            SELECT 'any', 't' || n, now() + interval '1 year', {_BECAUSE}
            FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO http_requests (key, principal, fingerprint, status, body, refused, correlation_id)
           SELECT 'k' || n, 'token/test', 'x', 200, '{}', false, 'c' || n FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO audit (principal, route, command, status, correlation_id)
           SELECT 'token/test', '/', 'X', 200, 'c' || n FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO attempts SELECT 'b' || n, now(), 1 FROM generate_series(1, $1::integer) AS n""",
        """INSERT INTO owners SELECT 'scope' || n, '/other' FROM generate_series(1, $1::integer) AS n""",
    ):
        await connection.execute(statement, many)


async def programmes_of_enrollment(connection: Connection, many: int) -> None:
    """One in a hundred can still be signed up for: the others' deadlines have passed."""
    await connection.execute(
        f"""
        INSERT INTO programmes (id, version, terms, published_at, {_CAUSE})
        SELECT 'p' || n, 1, jsonb_set(jsonb_set(jsonb_set($2::jsonb, '{{ref,id}}', to_jsonb('p' || n)), '{{ref,title}}',
               to_jsonb('Forløb ' || n)), '{{terms,deadline}}',
               to_jsonb(CASE WHEN n % 100 = 0 THEN '2999-01-01' ELSE '2019-01-01' END)), now(), {_BECAUSE}
        FROM generate_series(1, $1::integer) AS n
        """,
        many,
        PROGRAMME_TERMS.model_dump_json(),
    )


async def _enrollment(connection: Connection, many: int) -> None:
    await programmes_of_enrollment(connection, many // 10)
    command = EnrolMunicipality(
        programme_id="p1", organisation_code="0101", contact_name="N", contact_email="n@by.example"
    ).model_dump_json()
    each = f"""
        FROM (SELECT row_number() OVER () AS n, p.id AS programme, o.code
              FROM programmes p CROSS JOIN (SELECT code FROM organisations ORDER BY code LIMIT 50) AS o
              LIMIT {many}) AS each
    """
    await connection.execute(
        f"""INSERT INTO people (person_id, organisation_code, name, email)
            SELECT 'w' || n, '0101', 'N', 'n' || n || '@by.example' FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO enrolments (id, programme_id, organisation_code, state, contact, received_at, {_CAUSE})
            SELECT 'x' || n, programme, code, 'invited', $1::jsonb, now(), {_BECAUSE} {each}""",
        CONTACT.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO invitation_rounds (programme_id, round_id, started_at, {_CAUSE})
            SELECT 'p' || n, 'r', now(), {_BECAUSE} FROM generate_series(1, {many // 10}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO invitations (enrolment_id, programme_id, round_id, invited_at)
            SELECT 'x' || n, programme, 'r', now() {each}"""
    )
    await connection.execute(
        f"""INSERT INTO sign_ups (id, enrolment_id, person_id, command, received_at, {_CAUSE})
            SELECT 'f' || n, 'x' || n, 'w' || n, $1::jsonb, now(), {_BECAUSE} {each}""",
        command,
    )
    await connection.execute(
        f"""INSERT INTO contact_history (enrolment_id, role_id, turn, round, holder, held_from, {_CAUSE})
            SELECT 'x' || n, 'main', 1, 1, $1::jsonb, now(), {_BECAUSE} {each}""",
        CONTACT.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO organisation_changes (organisation_code, changed_columns, changed_at, {_CAUSE})
            SELECT code, '{{hovedpostkasse}}', now(), {_BECAUSE} {each}"""
    )
    await connection.execute(
        f"""INSERT INTO refused_mailboxes (organisation_code, mailbox_role, refused_address, refused_because,
                                           refused_at, {_CAUSE})
            SELECT code, 'hovedpostkasse', 'n@by.example', 'smtp_550', now(), 'c', 'e', 'token/test'
            FROM organisations"""
    )
    await connection.execute(
        f"""INSERT INTO accounts (id, issuer, oidc_subject, account_name, account_email)
            SELECT 'a' || n, 'i', 's' || n, 'N', 'n' || n || '@by.example' FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO role_grants (account_id, granted_in, staff_role, granted_at, {_CAUSE})
            SELECT 'a' || n, '', 'reader', now(), {_BECAUSE} FROM generate_series(201, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO sessions (id, secret_sha256, account_id, oidc_session, browser, began_at, seen_at)
            SELECT 's' || n, sha256(n::text::bytea), 'a' || n, 'p' || n, 'B', '2000-01-01',
                now() - n * interval '20 minutes'
            FROM generate_series(201, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO sign_ins (state_sha256, nonce, verifier, back_to, begun_at)
            SELECT sha256(n::text::bytea), 'n', 'v', '/', now() FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO mailbox_codes (id, mailbox, browser_sha256, code_sha256, asked_at)
            SELECT 'k' || n, sha256(n::text::bytea), sha256(n::text::bytea), sha256('c'), now()
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO confirmed_mailboxes (browser_sha256, mailbox, mailbox_shown, confirmed_at, seen_at)
            SELECT sha256(n::text::bytea), sha256(n::text::bytea), 'n***@by.example', '2010-01-01', now()
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO drafts (id, programme_id, typed, mailbox, caller, revision, begun_at, saved_at, {_CAUSE})
            SELECT 'd' || n, 'p1', '{{}}', 'n' || n || '@by.example', 'x', 1, now(), now(), {_BECAUSE} {each}"""
    )
    await connection.execute(
        f"""INSERT INTO programme_drafts (id, draft_of, draft_title, edition, proposals, decisions, begun_at, begun_by,
                                          saved_at, saved_by)
            SELECT 'd' || n, 'p' || n, 'T', 1, '[]', '[]', now(), 'staff/a', now(), 'staff/a'
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO programme_draft_editions (draft_id, edition, yaml, edited_at, {_CAUSE})
            SELECT 'd' || n, 1, 'id: p', now(), {_BECAUSE} FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO sheet_imports (id, programme_id, sheet_sha256, with_mail, sheet_rows, begun_at, over_at,
                                       {_CAUSE})
            SELECT 'i' || n, 'p' || n, repeat('a', 64), false, 1, now(), CASE WHEN n > 10 THEN now() END,
                   {_BECAUSE} {each}"""
    )
    await connection.execute(
        f"""INSERT INTO sheet_rows (import_id, row_number, organisation_code, is_contact, turn, came_to, due, asked)
            SELECT 'i' || n / 10 + 1, n % 10 + 2, '0101', false, n, CASE WHEN n > 100 THEN 'stored' END,
                   CASE WHEN n <= 100 THEN 'seats' END, CASE WHEN n <= 100 THEN $1::jsonb END
            FROM generate_series(1, {many} - 1) AS n""",
        json.dumps({"name": "A", "email": "a@b.example", "wish": None, "level": None, "meetings": [], "all": False}),
    )
    await connection.execute(
        f"""INSERT INTO meetings (id, programme_id, state, meeting, first_day, sequence)
            SELECT 'm' || n, 'p' || n / 10 + 1, 'scheduled', jsonb_set($1::jsonb, '{{id}}', to_jsonb('m' || n)),
                   '2021-04-15', 1 FROM generate_series(1, {many}) AS n""",
        MEETING.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO rosters (id, enrolment_id, meeting_id)
            SELECT 'q' || n, 'x' || n, 'm' || n FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO seats (roster_id, person_id, number, registered_at, {_CAUSE})
            SELECT 'q' || n, 'w' || n, 1, now(), {_BECAUSE} FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO needs (roster_id, person_id, diet, diet_text, access, access_text, consent, consented_at,
                               keep_days, {_CAUSE})
            SELECT 'q' || n, 'w' || n, '{{vegetar}}', 'x', '{{}}', '', 'Ja', now(), 14, {_BECAUSE}
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO needs_counts (meeting_id, part, choice, title, number_of, place)
            SELECT 'm' || n, 'diet', 'vegetar', 'Vegetar', 1, 0 FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO option_orders (id, programme_id, enrolment_id, option_id, round, state, title, text, includes,
                                       price_ore, vat_percent, agreed_at, {_CAUSE})
            SELECT 'y' || n, programme, 'x' || n, 'o', 1, 'ordered', 'T', 'T', '', 100, 25, now(), {_BECAUSE} {each}"""
    )
    await connection.execute(
        f"INSERT INTO teams (enrolment_id, size) SELECT 'x' || n, 1 FROM generate_series(1, {many}) AS n"
    )
    await connection.execute(
        f"""INSERT INTO team_members (enrolment_id, person_id, number, named_at, {_CAUSE})
            SELECT 'x' || n, 'w' || n, 1, now(), {_BECAUSE} FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO seat_moves (list_id, move, seat_number, person_id, moved_at)
            SELECT 'q' || n, 'came', 1, 'w' || n, now() FROM generate_series(1, {many}) AS n"""
    )
    for statement in (
        f"""INSERT INTO completed_steps (id, programme_id, enrolment_id, track, phase, step, delivers, completed_on,
                                         {_CAUSE})
            SELECT 's' || n, 'p' || n / 10 + 1, 'x' || n, 'kommunespor', 'f', 's', 'o', '2021-04-15', {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO programme_versions (programme_id, version, yaml, terms, published_at, {_CAUSE})
            SELECT 'p' || n, 1, 'id: p', terms, now(), {_BECAUSE}
            FROM generate_series(1, {many}) AS n JOIN programmes ON programmes.id = 'p' || n""",
        f"""INSERT INTO enrolment_history (enrolment_id, stood, forbehold_was, decided_at, {_CAUSE})
            SELECT 'x' || n, 'invited', 'none', now(), {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO programme_archives (programme_id, read_at, sha256, files, archived_at, {_CAUSE})
            SELECT 'p' || n, now(), repeat('0', 64), 1, now(), {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO unarchived_erasures (programme_id, erased_ids, because, erased_at, {_CAUSE})
            SELECT 'p' || n, ARRAY['w' || n], 'B', now(), {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO guests (guest_id, meeting_id, guest_name, guest_email, invited_at, {_CAUSE})
            SELECT 'g' || n, 'm' || n, 'N', 'n' || n || '@by.example', now(), {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO guest_needs (guest_id, diet, diet_text, access, access_text, consent, consented_at, keep_days,
                                     {_CAUSE})
            SELECT 'g' || n, '{{vegetar}}', 'x', '{{}}', '', 'Ja', now(), 14, {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO team_needs (enrolment_id, person_id, diet, diet_text, access, access_text, consent,
                                    consented_at, keep_days, {_CAUSE})
            SELECT 'x' || n, 'w' || n, '{{vegetar}}', 'x', '{{}}', '', 'Ja', now(), 14, {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
    ):
        await connection.execute(statement)


async def _scheduling(connection: Connection, many: int) -> None:
    await connection.execute(
        f"""INSERT INTO programmes (id, version, ref, ours, kinds, groups, {_CAUSE})
            SELECT 'p' || n, 1, jsonb_set($1::jsonb, '{{id}}', to_jsonb('p' || n)), true, '{{}}', '{{}}', {_BECAUSE}
            FROM generate_series(1, {many // 10 + 1}) AS n""",
        PROGRAMME.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO meetings (id, programme_id, key, title, kind, mode, roles, first_day, last_day, date_version,
                                  state, reason, {_CAUSE})
            SELECT 'm' || n, 'p' || n / 10 + 1, 'k' || n, 'Møde', 'heldag', 'physical', '{{}}', '2021-04-15',
                   '2021-04-15', 0, CASE WHEN n % 50 = 0 THEN 'scheduled' ELSE 'cancelled' END, '', {_BECAUSE}
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO meeting_changes (meeting_id, state, first_day, last_day, reason, changed_at, {_CAUSE})
            SELECT 'm' || n, 'scheduled', '2021-04-15', '2021-04-15', '', now(), {_BECAUSE}
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO completed_steps (id, programme_id, enrolment_id, track, phase, step, completed_on, {_CAUSE})
            SELECT 's' || n, 'p' || n / 10 + 1, 'x' || n, 'kommunespor', 'f', 's', '2021-04-15', {_BECAUSE}
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO enrolled (enrolment_id, programme_id, organisation_code, organisation_name, sorts_as,
                                  takes_part)
            SELECT 'x' || n, 'p' || n / 10 + 1, '0101', 'By', 'by', true FROM generate_series(1, {many}) AS n"""
    )


async def _invoicing(connection: Connection, many: int) -> None:
    (note,) = (one for one in FACT_EXAMPLES if isinstance(one, CreditNoteIssued))
    (asked,) = (one for one in COMMAND_EXAMPLES if isinstance(one, CreditInvoice))
    await connection.execute(
        f"""INSERT INTO programmes (id, version, ref) SELECT 'p' || n, 1, $1::jsonb
            FROM generate_series(1, {many // 10 + 1}) AS n""",
        PROGRAMME.model_dump_json(),
    )
    await connection.execute(
        f"INSERT INTO meetings (id, title) SELECT 'm' || n, 'Møde' FROM generate_series(1, {many}) AS n"
    )
    await connection.execute(
        f"""INSERT INTO appointed_contacts SELECT 'x' || n, $1::jsonb, now()
            FROM generate_series(1, {many}) AS n""",
        CONTACT.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO billing_holders SELECT 'x' || n, 'faktura', 'p' || n FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO closed_links SELECT 'x' || n, 'p' || n, 1, 0 FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"INSERT INTO cancelled_programmes SELECT 'gone' || n, 'x' FROM generate_series(1, {many}) AS n"
    )
    await connection.execute(
        f"""INSERT INTO claims (id, kind, state, organiser, series, programme_id, programme_version, enrolment_id,
                                meeting_id, item, organisation_code, buyer, billing, contact, text, amount_ore,
                                vat_percent, told_at, wanted, on_hold, reason, invoice_id, {_CAUSE})
            SELECT 'k' || n, CASE WHEN n % 2 = 0 THEN 'fee' ELSE 'extra' END, 'invoiced', '12345678', 'N',
                   'p' || n / 10 + 1, 1, 'x' || n / 5, CASE WHEN n % 2 = 0 THEN NULL ELSE 'm' || n / 10 END, 'i' || n,
                   '0101', $1::jsonb, '{{}}', $2::jsonb, 'T', 100000, 25, now(), true, false, '', 'N-' || n, {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
        ORGANISATION.model_dump_json(),
        CONTACT.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO invoices (id, series, organiser, number, issued_on, due_on, programme_id, enrolment_id,
                                  organisation_code, net_ore, vat_ore, gross_ore, document, {_CAUSE})
            SELECT 'N-' || n, 'N', '12345678', n, '2020-09-01', date '2020-10-01' + n / 20, 'p' || n / 10 + 1,
                   'x' || n, '0101', 100, 25, 125, $1::json, {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        INVOICE.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO credit_notes (id, series, organiser, number, credit_id, asked, invoice_id, issued_on, net_ore,
                                      vat_ore, gross_ore, rounding_ore, document, {_CAUSE})
            SELECT 'N-' || n, 'N', '12345678', n, 'c' || n, $2::json, 'N-' || n - {many}, '2020-09-02', 1, 0, 1, 0,
                   $1::json, {_BECAUSE} FROM generate_series({many} + 1, {2 * many}) AS n""",
        note.model_dump_json(),
        asked.model_dump_json(),
    )
    for statement in (
        f"INSERT INTO credited_lines SELECT 'N-' || n, 'k' || n, 100, 1 FROM generate_series(1, {many}) AS n",
        f"""INSERT INTO payments (id, invoice_id, amount_ore, paid_on, {_CAUSE})
            SELECT 'b' || n, 'N-' || n, 1, '2020-10-01', {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO overdue_notices (invoice_id, level, told_on, outstanding_ore, {_CAUSE})
            SELECT 'N-' || n, 1, '2020-11-01', 1, {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"INSERT INTO official_checks SELECT 'N-' || n, '', '[]' FROM generate_series(1, {many}) AS n",
        f"INSERT INTO counters VALUES ('N', '12345678', {2 * many + 5})",
        f"INSERT INTO written_documents VALUES ('N', {2 * many - 5})",
    ):
        await connection.execute(statement)


async def messages_of_notifications(connection: Connection, many: int, *, pending: int = 0) -> None:
    """The newest `pending` of them wait for a later try."""
    await connection.execute(
        f"""INSERT INTO messages (id, template, recipient, about, occasion, programme_id, people, name, email,
                                  address_key, says, written_at, state, not_before, sent_at, subject_line, {_CAUSE})
            SELECT 'm' || n, 'invitation', 'w' || n % 1000, 'meeting/m' || n / 100, '0.' || n, 'p' || n / 1000 + 1,
                   ARRAY['w' || n % 1000], 'N', 'n' || n % 1000 || '@by.example', 'n' || n % 1000 || '@by.example',
                   jsonb_build_object('organisation', 'By', 'text', repeat('x', 300)), now(),
                   CASE WHEN n > {many - pending} THEN 'pending' ELSE 'sent' END, now() + interval '1 day',
                   CASE WHEN n > {many - pending} THEN NULL ELSE now() END, 'Invitation: møde ' || n, {_BECAUSE}
            FROM generate_series(1, {many}) AS n"""
    )


async def _notifications(connection: Connection, many: int) -> None:
    await connection.execute(
        f"""INSERT INTO programmes (id, version, ref, reminder_days, terms_version)
            SELECT 'p' || n, 1, jsonb_set($1::jsonb, '{{id}}', to_jsonb('p' || n)), '{{7}}', 1
            FROM generate_series(1, {many // 10 + 1}) AS n""",
        PROGRAMME.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO enrolments (id, programme_id, organisation_code, organisation_name, has_place, person_id,
                                    contact_name, email, address_key, contact_role, since)
            SELECT 'x' || n, 'p' || n / 10 + 1, '0101', 'By', true, 'w' || n, 'N', 'n' || n || '@by.example',
                   'n' || n || '@by.example', 'tovholder', now() FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO meetings (id, programme_id, kind, roles, state, meeting, uid, changed_at)
            SELECT 'm' || n, 'p' || n / 10 + 1, 'heldag', '{{}}', CASE WHEN n % 50 = 0 THEN 'planned' ELSE 'dated' END,
                   jsonb_set($1::jsonb, '{{id}}', to_jsonb('m' || n)), 'u' || n, now()
            FROM generate_series(1, {many}) AS n""",
        MEETING.model_dump_json(),
    )
    await connection.execute(
        f"""INSERT INTO participants SELECT 'w' || n, 'm' || n / 5, 'x' || n / 5, 'p1', 'By', 'N',
                   'n' || n || '@by.example', 'n' || n || '@by.example', true, now()
            FROM generate_series(1, {many}) AS n"""
    )
    await connection.execute(
        f"""INSERT INTO invitations (address_key, meeting_id, person_id, name, email, part, organisation_name, method,
                                     told, turn, stamped)
            SELECT 'n' || n || '@by.example', 'm' || n / 5, 'w' || n, 'N', 'n' || n || '@by.example', 'contact', 'By',
                   'REQUEST', $1::jsonb, 0, now() FROM generate_series(1, {many}) AS n""",
        MEETING.model_dump_json(),
    )
    await messages_of_notifications(connection, many, pending=many // 10)
    for statement in (
        f"""INSERT INTO reminders SELECT 'r' || n, 'w' || n, 'n@by.example', 'a', 'o', 'T', 'x', now()
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO digest_items (id, programme_id, kind, line, happened_at, told_on, digest, {_CAUSE})
            SELECT 'd' || n, 'p' || n % 20 + 1, 'enrolled', 'x', now(), '2021-01-01', '2020-06-0' || n % 9 + 1,
                   {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO team_members SELECT 'x' || n, 'w' || n, 'p' || n / 10 + 1, 'By', 'N', 'n' || n || '@by.example',
                   'n' || n || '@by.example', '{{heldag}}', true, now() FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO role_holders SELECT 'x' || n, 'faktura', 'p' || n / 10 + 1, 'k', 'l', 'billing', 'w' || n, 'N',
                   'r' || n || '@by.example', 'r' || n || '@by.example' FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO calendar_subscriptions (role, of_id, person_id, generation, renewed_at, {_CAUSE})
            SELECT 'contact', 'x' || n, 'w' || n, 1, now(), {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO closed_links (enrolment_id, person_id, links_generation, closed_at, seat_paths, {_CAUSE})
            SELECT 'x' || n, 'w' || n, 1, now(), '{{}}', {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO former_contacts SELECT 'x' || n, 'w' || n, 'f' || n || '@by.example'
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO message_decisions (message_id, decision, decided_at, {_CAUSE})
            SELECT 'm' || n, 'resent', now(), {_BECAUSE} FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO writings (id, programme_id, headline, body, audience, writing_state, begun_at, went_at,
                                  written_to, unreached, {_CAUSE})
            SELECT 't' || n, 'p' || n / 10 + 1, 'H', 'B', 'contacts', 'written', now(), now(), 5, 0, {_BECAUSE}
            FROM generate_series(1, {many}) AS n""",
        f"""INSERT INTO writing_recipients SELECT 't' || n / 100 + 1, 'n' || n || '@by.example', 'w' || n, 'N',
                   'n' || n || '@by.example', 'By' FROM generate_series(1, {many - 100}) AS n""",
        f"""INSERT INTO writing_files SELECT 't' || n, 0, 'a.pdf', 'application/pdf', 'x'
            FROM generate_series(1, {many}) AS n""",
    ):
        await connection.execute(statement)


_SERVICES = {
    "enrollment": _enrollment,
    "scheduling": _scheduling,
    "invoicing": _invoicing,
    "notifications": _notifications,
}
