"""The address book as staff look at it: listed, counted, and what refuses mails or may be there twice."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.enrollment.domain.address_book import MAIN
from services.enrollment.domain.book import SILENT_IN, Lack, Line, Noted, Part, Refusal, Sort, Sought, Twins
from services.enrollment.domain.status import UNANSWERED
from shared.base.listing import Page, Placed
from shared.contracts.parties import Contact
from shared.storage.order import Order
from shared.storage.tx import Tx

_ORDERS: Mapping[Sort, Order] = {
    "name": Order({"o.sort_key": "text", "o.code": "text"}),
    "code": Order({"o.code": "text"}),
    "programmes": Order({"(-o.programmes)": "bigint", "o.sort_key": "text", "o.code": "text"}),
}
# A refusal counts as long as the address that refused is the one that stands in the book.
_STANDS = f"""r.refused_address = CASE WHEN r.mailbox_role = '{MAIN}' THEN b.main_email ELSE (
    SELECT a.email FROM role_addresses a WHERE a.organisation_code = b.code AND a.role = r.mailbox_role) END"""
_UNANSWERED = ", ".join(f"'{one}'" for one in sorted(UNANSWERED))
# The last ones that it was invited to, none of them answered.
_SILENT = f"""(
    SELECT count(*) = {SILENT_IN} AND bool_and(last.state IN ({_UNANSWERED})) FROM (
        SELECT e.state FROM enrolments e CROSS JOIN LATERAL (
            SELECT min(i.invited_at) AS at FROM invitations i WHERE i.enrolment_id = e.id
        ) first WHERE e.organisation_code = b.code AND first.at IS NOT NULL ORDER BY first.at DESC, e.id
        LIMIT {SILENT_IN}
    ) last
)"""
# The same of everybody at once: what all have been invited to is read once, and not for each of them.
_ALL_SILENT = f"""silent AS MATERIALIZED (
    SELECT code FROM (
        SELECT e.organisation_code AS code, e.state,
            row_number() OVER (PARTITION BY e.organisation_code ORDER BY first.at DESC, e.id) AS place
        FROM (SELECT enrolment_id, min(invited_at) AS at FROM invitations GROUP BY enrolment_id) first
        JOIN enrolments e ON e.id = first.enrolment_id
    ) turn WHERE place <= {SILENT_IN} GROUP BY code HAVING count(*) = {SILENT_IN} AND bool_and(state IN ({_UNANSWERED}))
)"""
_LACKS: Mapping[Lack, str] = {
    "missing": "b.main_email IS NULL",
    "bounced": f"EXISTS (SELECT FROM refused_mailboxes r WHERE r.organisation_code = b.code AND {_STANDS})",
    "silent": "b.code IN (SELECT code FROM silent)",
    "no_role": "NOT EXISTS (SELECT FROM role_addresses a WHERE a.organisation_code = b.code)",
    "no_ean": """b.ean IS NULL AND NOT EXISTS (
        SELECT FROM organisation_units u WHERE u.organisation_code = b.code AND u.ean IS NOT NULL)""",
}
_NAMED = """(
    $4::text IS NULL OR position($4 IN b.sort_key) > 0 OR lower(b.code) = $5 OR b.cvr = $5 OR b.ean = $5
    OR EXISTS (SELECT FROM organisation_units u WHERE u.organisation_code = b.code AND $5 IN (u.cvr, u.ean))
    OR EXISTS (SELECT FROM speakers s WHERE s.organisation_code = b.code AND s.kind = 'domain' AND s.value = $5)
)"""


async def load_page(
    tx: Tx, page: Page, going_on: Collection[str], *, sort: Sort, lack: Lack | None, asked: Sought
) -> list[Placed[Line]]:
    """`going_on` are the programmes that count; `lack` None = any."""
    order = _ORDERS[sort]
    flags = ", ".join(f"{sql} AS {name}" for name, sql in _LACKS.items())
    rows = await tx.fetch(
        f"""
        WITH {_ALL_SILENT}, here AS (
            SELECT organisation_code, count(*) AS programmes FROM enrolments
            WHERE programme_id = ANY($3) AND state IN ('enrolled', 'waitlisted') GROUP BY organisation_code
        )
        SELECT o.*, {order.place} FROM (
            SELECT b.code, b.name, b.sort_key, b.member_of, b.main_email, {flags},
                (SELECT count(*) FROM organisation_units u WHERE u.organisation_code = b.code) AS units,
                coalesce(here.programmes, 0) AS programmes
            FROM organisations b LEFT JOIN here ON here.organisation_code = b.code
            WHERE b.merged_into IS NULL AND {_NAMED} AND {_LACKS[lack] if lack else "true"}
        ) o WHERE {order.after(1)} ORDER BY {order.by} LIMIT $2
        """,
        page.after,
        page.wanted,
        sorted(going_on),
        None if asked.is_empty else asked.name or "\n",
        asked.exact,
    )
    return [
        (
            row["stands_at"],
            Line(
                code=row["code"],
                name=row["name"],
                member_of=row["member_of"],
                main_email=row["main_email"],
                lacks=frozenset(one for one in _LACKS if row[one]),
                units=row["units"],
                programmes=row["programmes"],
            ),
        )
        for row in rows
    ]


async def count_lacks(tx: Tx) -> tuple[int, dict[Lack, int]]:
    """How many organisations there are, and how many lack what."""
    counts = ", ".join(f"count(*) FILTER (WHERE {sql}) AS {name}" for name, sql in _LACKS.items())
    row = await tx.fetchrow(
        f"""
        WITH {_ALL_SILENT}
        SELECT count(*) AS everybody, {counts} FROM organisations b WHERE b.merged_into IS NULL
        """
    )
    return (0, {}) if row is None else (row["everybody"], {one: row[one] for one in _LACKS})


async def load_refusals(tx: Tx, code: str) -> list[Refusal]:
    """Of mailboxes whose address stands in the book, by role."""
    rows = await tx.fetch(
        f"""
        SELECT r.* FROM refused_mailboxes r JOIN organisations b ON b.code = r.organisation_code
        WHERE r.organisation_code = $1 AND {_STANDS} ORDER BY r.mailbox_role
        """,
        code,
    )
    return [
        Refusal(one["mailbox_role"], one["refused_address"], one["refused_because"], one["refused_at"]) for one in rows
    ]


async def load_silent(tx: Tx, code: str) -> bool:
    """Whether it answered none of the last programmes that it was invited to."""
    return bool(await tx.fetchval(f"SELECT {_SILENT} FROM organisations b WHERE b.code = $1", code))


async def load_parts(tx: Tx, code: str, programme_ids: Collection[str] | None, most: int) -> list[Part]:
    """Of this organisation, and of whatever was merged into it, in these programmes; the newest published first."""
    rows = await tx.fetch(
        """
        SELECT e.id, e.programme_id, p.terms #>> '{ref,title}' AS programme, e.organisation_code, e.state,
            e.forbehold_open, e.contact::text AS contact,
            (SELECT coalesce(jsonb_agg(h.holder ORDER BY h.role_id), '[]')::text FROM contact_history h
                WHERE h.enrolment_id = e.id AND h.held_until IS NULL
                  AND h.holder ->> 'person_id' IS DISTINCT FROM e.contact ->> 'person_id') AS others
        FROM organisations o CROSS JOIN LATERAL (
            SELECT * FROM enrolments e WHERE e.organisation_code = o.code
              AND ($2::text[] IS NULL OR e.programme_id = ANY($2)) ORDER BY e.programme_id LIMIT $3
        ) e JOIN programmes p ON p.id = e.programme_id
        WHERE o.code = $1 OR o.merged_into = $1 ORDER BY p.published_at DESC, e.id LIMIT $3
        """,
        code,
        None if programme_ids is None else sorted(programme_ids),
        most,
    )
    return [
        Part(
            enrolment_id=row["id"],
            programme_id=row["programme_id"],
            programme=row["programme"],
            code=row["organisation_code"],
            state=row["state"],
            forbehold_open=row["forbehold_open"],
            contact=None if row["contact"] is None else Contact.model_validate_json(row["contact"]),
            others=tuple(Contact.model_validate_json(json.dumps(one)) for one in json.loads(row["others"])),
        )
        for row in rows
    ]


async def load_changes(tx: Tx, code: str, most: int) -> list[Noted]:
    """The newest first."""
    rows = await tx.fetch(
        """
        SELECT changed_columns, unit_id, changed_at, actor FROM organisation_changes
        WHERE organisation_code = $1 ORDER BY id DESC LIMIT $2
        """,
        code,
        most,
    )
    return [Noted(tuple(one["changed_columns"]), one["unit_id"], one["changed_at"], one["actor"]) for one in rows]


async def load_twins(tx: Tx, most: int) -> list[Twins]:
    """Pairs that stay and have a CVR number, an EAN number or a name in common."""
    rows = await tx.fetch(
        """
        SELECT one.code AS one, one.name AS one_name, other.code AS other, other.name AS other_name,
            array_agg(DISTINCT found.because) AS because
        FROM (
            SELECT a.code AS one, b.code AS other, 'cvr' AS because FROM organisations a
            JOIN organisations b ON b.cvr = a.cvr AND b.code > a.code WHERE a.cvr IS NOT NULL
            UNION SELECT a.code, b.code, 'ean' FROM organisations a
            JOIN organisations b ON b.ean = a.ean AND b.code > a.code WHERE a.ean IS NOT NULL
            UNION SELECT a.code, b.code, 'name' FROM organisations a
            JOIN organisations b ON b.sort_key = a.sort_key AND b.code > a.code
        ) found
        JOIN organisations one ON one.code = found.one AND one.merged_into IS NULL
        JOIN organisations other ON other.code = found.other AND other.merged_into IS NULL
        GROUP BY 1, 2, 3, 4, one.sort_key ORDER BY one.sort_key, 1, 3 LIMIT $1
        """,
        most,
    )
    return [
        Twins(row["one"], row["one_name"], row["other"], row["other_name"], frozenset(row["because"])) for row in rows
    ]


async def note_refusals(tx: Tx, refused: Sequence[tuple[str, str, datetime, str]]) -> None:
    """Mailboxes (organisation, role, when, why) that refused a mail, as their addresses are now; the newest counts.

    What is no mailbox of the book is passed over.
    """
    await tx.execute(
        f"""
        INSERT INTO refused_mailboxes AS old (organisation_code, mailbox_role, refused_address, refused_because,
            refused_at, correlation_id, causation_id, actor)
        SELECT DISTINCT ON (code, role) code, role, address, because, at, $5, $6, $7 FROM (
            SELECT b.code, said.role, said.at, said.because, CASE WHEN said.role = '{MAIN}' THEN b.main_email ELSE (
                SELECT a.email FROM role_addresses a WHERE a.organisation_code = b.code AND a.role = said.role
            ) END AS address
            FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) AS said (code, role, at, because)
            JOIN organisations o ON o.code = said.code
            JOIN organisations b ON b.code = coalesce(o.merged_into, o.code)
        ) known WHERE address IS NOT NULL ORDER BY code, role, at DESC
        ON CONFLICT (organisation_code, mailbox_role) DO UPDATE SET refused_address = excluded.refused_address,
            refused_because = excluded.refused_because, refused_at = excluded.refused_at,
            correlation_id = excluded.correlation_id, causation_id = excluded.causation_id, actor = excluded.actor
        WHERE old.refused_at <= excluded.refused_at
        """,
        [one[0] for one in refused],
        [one[1] for one in refused],
        [one[2] for one in refused],
        [one[3] for one in refused],
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )


async def take_back_refusal(tx: Tx, code: str, role: str) -> bool:
    """Staff say that the mailbox takes mails; whether it had refused any."""
    done = await tx.execute(
        "DELETE FROM refused_mailboxes WHERE organisation_code = $1 AND mailbox_role = $2", code, role
    )
    return bool(done == "DELETE 1")
