"""A programme's money as staff follow it: each thing owed with its invoice, and the sums of all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from services.invoicing.domain.ledger import TO_COME, Row, Stands, Sums
from shared.base.listing import Page, Placed
from shared.contracts.programme import ProgrammeRef
from shared.storage.order import Order
from shared.storage.tx import Tx

_STANDING = """
    standing AS MATERIALIZED (
        SELECT i.id, i.due_on, i.net_ore, i.gross_ore, coalesce(p.ore, 0)::bigint AS paid_ore,
            coalesce(n.ore, 0)::bigint AS credited_ore,
            (i.gross_ore - coalesce(p.ore, 0) - coalesce(n.ore, 0))::bigint AS outstanding_ore
        FROM invoices i
        LEFT JOIN (
            SELECT p.invoice_id, sum(p.amount_ore) AS ore FROM invoices j JOIN payments p ON p.invoice_id = j.id
            WHERE j.programme_id = $1 GROUP BY p.invoice_id
        ) p ON p.invoice_id = i.id
        LEFT JOIN (
            SELECT n.invoice_id, sum(n.gross_ore + n.rounding_ore) AS ore
            FROM invoices j JOIN credit_notes n ON n.invoice_id = j.id
            WHERE j.programme_id = $1 GROUP BY n.invoice_id
        ) n ON n.invoice_id = i.id
        WHERE i.programme_id = $1
    )
"""
"""The invoices of the programme $1 with what was paid and credited of each: all of them at once, as one by one they
would take as long as there are many.
"""
_STANDS = """
    CASE c.state
        WHEN 'ready' THEN 'ready'
        WHEN 'waiting' THEN
            CASE WHEN c.on_hold OR c.finding <> '' OR c.at_end = 'asked' OR c.series = '' THEN 'held_back'
            ELSE 'waiting' END
        WHEN 'invoiced' THEN
            CASE WHEN i.outstanding_ore <= 0 THEN 'paid' WHEN i.due_on < $2::date THEN 'overdue' ELSE 'issued' END
        WHEN 'invoiced_then_removed' THEN 'to_credit'
        ELSE c.state
    END
"""
"""`domain.ledger.Stands` of a claim `c`, on the day $2."""
_STOOD = f"""
    stood AS MATERIALIZED (
        SELECT c.id, c.organisation_code, c.enrolment_id, c.kind, c.earliest, c.amount_ore, c.vat_percent,
            {_STANDS} AS stands
        FROM claims c LEFT JOIN standing i ON i.id = c.invoice_id WHERE c.programme_id = $1
    )
"""
"""Where each claim of the programme stands, with what they are summed up and ordered by."""
_COLUMNS = f"""
    c.id, {_STANDS} AS stands, c.buyer ->> 'name' AS organisation, c.enrolment_id, c.text, c.person_name,
        c.amount_ore, c.vat_percent, CASE WHEN c.state = 'waived' THEN c.waived_because ELSE c.reason END AS why,
        c.due_at, c.at_end = 'asked' AS asked, c.invoice_id, i.due_on,
        CASE WHEN c.state = 'invoiced' THEN i.outstanding_ore END AS outstanding_ore
"""
_IN_ORDER = Order(
    {
        "c.organisation_code": "text",
        "c.enrolment_id": "text",
        "(c.kind = 'extra')": "boolean",
        "coalesce(c.earliest, 'infinity')": "timestamptz",
        "c.id": "text",
    }
)


_ONE_BY_ONE = """
    FROM claims c LEFT JOIN LATERAL (
        SELECT i.due_on, (
            i.gross_ore
            - (SELECT coalesce(sum(p.amount_ore), 0) FROM payments p WHERE p.invoice_id = i.id)
            - (SELECT coalesce(sum(n.gross_ore + n.rounding_ore), 0) FROM credit_notes n WHERE n.invoice_id = i.id)
        )::bigint AS outstanding_ore
        FROM invoices i WHERE i.id = c.invoice_id
    ) i ON true
"""
"""The same for the few claims that a page has."""


async def load_programme(tx: Tx, programme_id: str) -> ProgrammeRef | None:
    """As its newest version that was heard of names it; None where something owed has led to none."""
    text = await tx.fetchval(
        "SELECT ref::text FROM programmes WHERE id = $1 ORDER BY version DESC LIMIT 1", programme_id
    )
    return None if text is None else ProgrammeRef.model_validate_json(text)


async def load_page_of_rows(tx: Tx, page: Page, programme_id: str, today: date) -> list[Placed[Row]]:
    """By organisation and enrolment, fees first."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} {_ONE_BY_ONE} WHERE c.programme_id = $1 AND {_IN_ORDER.after(3)}
        ORDER BY {_IN_ORDER.by} LIMIT $4
        """,
        programme_id,
        today,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _row(row)) for row in rows]


async def load_rows(tx: Tx, programme_id: str, today: date, claim_ids: Sequence[str]) -> list[Placed[Row]]:
    """These of a programme, in the order of `load_page_of_rows`."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} {_ONE_BY_ONE} WHERE c.programme_id = $1 AND c.id = ANY($3::text[])
        ORDER BY {_IN_ORDER.by}
        """,
        programme_id,
        today,
        claim_ids,
    )
    return [(row["stands_at"], _row(row)) for row in rows]


async def load_named(tx: Tx, programme_id: str, today: date, text: str, most: int) -> list[Row]:
    """Those of a programme whose organisation's name has this in it, or whose invoice has this number or id."""
    found = await tx.fetch(
        f"""
        SELECT c.id FROM claims c LEFT JOIN invoices i ON i.id = c.invoice_id
        WHERE c.programme_id = $1
          AND (strpos(lower(c.buyer ->> 'name'), lower($2)) > 0 OR c.invoice_id = $2 OR i.number::text = $2)
        ORDER BY {_IN_ORDER.by} LIMIT $3
        """,
        programme_id,
        text,
        most,
    )
    return [row for _, row in await load_rows(tx, programme_id, today, [one["id"] for one in found])]


async def load_row(tx: Tx, programme_id: str, claim_id: str, today: date) -> Row | None:
    """None where the programme has no such claim."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} {_ONE_BY_ONE} WHERE c.programme_id = $1 AND c.id = $3", programme_id, today, claim_id
    )
    return None if row is None else _row(row)


async def load_sums(
    tx: Tx, programme_id: str, today: date, stands: Stands | None = None, page: Page | None = None
) -> tuple[Sums, Sequence[str]]:
    """With the ids of a page of the claims that stand so: where each of all stands is found once for both."""
    rows = await tx.fetch(
        f"""
        WITH {_STANDING}, {_STOOD}
        SELECT stands, count(*) AS number_of, sum(amount_ore)::bigint AS net_ore,
            sum(amount_ore + (amount_ore * vat_percent * 2 + 100) / 200)::bigint AS gross_ore,
            NULL::bigint AS paid_ore, NULL::bigint AS credited_ore, NULL::bigint AS outstanding_ore,
            NULL::bigint AS overdue_ore, NULL::text[] AS claim_ids
        FROM stood GROUP BY stands
        UNION ALL
        SELECT NULL, count(*), coalesce(sum(net_ore), 0)::bigint, coalesce(sum(gross_ore), 0)::bigint,
            coalesce(sum(paid_ore), 0)::bigint, coalesce(sum(credited_ore), 0)::bigint,
            coalesce(sum(greatest(outstanding_ore, 0)), 0)::bigint,
            coalesce(sum(outstanding_ore) FILTER (WHERE outstanding_ore > 0 AND due_on < $2::date), 0)::bigint,
            ARRAY(
                SELECT c.id FROM stood c WHERE c.stands = $3::text AND {_IN_ORDER.after(4)}
                ORDER BY {_IN_ORDER.by} LIMIT $5
            )
        FROM standing
        """,
        programme_id,
        today,
        stands,
        page.after if page else None,
        page.wanted if page else 0,
    )
    claimed = [row for row in rows if row["stands"] is not None]
    (billed,) = (row for row in rows if row["stands"] is None)
    to_come = [row for row in claimed if row["stands"] in TO_COME]
    sums = Sums(
        counts={row["stands"]: row["number_of"] for row in claimed},
        to_come_net_ore=sum(row["net_ore"] for row in to_come),
        to_come_ore=sum(row["gross_ore"] for row in to_come),
        invoiced_net_ore=billed["net_ore"],
        invoiced_ore=billed["gross_ore"],
        credited_ore=billed["credited_ore"],
        paid_ore=billed["paid_ore"],
        outstanding_ore=billed["outstanding_ore"],
        overdue_ore=billed["overdue_ore"],
    )
    return sums, billed["claim_ids"]


async def load_numbered(
    tx: Tx, programme_ids: Collection[str] | None, sought_id: str, numbered: int | None, most: int
) -> list[tuple[str, str, str]]:
    """Invoices of these programmes (None = of all) that have this id, or are credited by a note that has, or have this
    number in whichever series: id, programme, and whom it is to.
    """
    rows = await tx.fetch(
        """
        SELECT i.id, i.programme_id, i.document #>> '{buyer,name}' AS buyer FROM invoices i
        WHERE i.id IN (
            SELECT id FROM invoices WHERE id = $2
            UNION SELECT invoice_id FROM credit_notes WHERE id = $2
            UNION SELECT id FROM invoices WHERE number = $3
        ) AND ($1::text[] IS NULL OR i.programme_id = ANY($1))
        ORDER BY i.series, i.number LIMIT $4
        """,
        None if programme_ids is None else sorted(programme_ids),
        sought_id,
        numbered,
        most,
    )
    return [(row["id"], row["programme_id"], row["buyer"]) for row in rows]


def _row(row: Any) -> Row:
    return Row(
        claim_id=row["id"],
        stands=row["stands"],
        organisation=row["organisation"],
        enrolment_id=row["enrolment_id"],
        text=row["text"],
        person_name=row["person_name"],
        net_ore=row["amount_ore"],
        vat_percent=row["vat_percent"],
        why=row["why"] or "",
        due_at=row["due_at"],
        asked=bool(row["asked"]),
        invoice_id=row["invoice_id"],
        due_on=row["due_on"],
        outstanding_ore=row["outstanding_ore"],
    )
