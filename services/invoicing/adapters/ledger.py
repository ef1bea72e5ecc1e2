"""A programme's money as staff follow it: each thing owed with its invoice, and the sums of all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from services.invoicing.domain.ledger import TO_COME, Row, Stands, Sums
from shared.base.listing import Page, Placed
from shared.contracts.programme import ProgrammeRef
from shared.storage.order import Order
from shared.storage.tx import Tx

_OF_INVOICE = """
    (i.gross_ore
     - (SELECT coalesce(sum(p.amount_ore), 0) FROM payments p WHERE p.invoice_id = i.id)
     - (SELECT coalesce(sum(n.gross_ore + n.rounding_ore), 0) FROM credit_notes n WHERE n.invoice_id = i.id))::bigint
"""
"""What is outstanding of an invoice `i`."""
_STANDS = """
    CASE c.state
        WHEN 'ready' THEN 'ready'
        WHEN 'waiting' THEN
            CASE WHEN c.on_hold OR c.finding <> '' OR c.at_end = 'asked' OR c.series = '' THEN 'held_back'
            ELSE 'waiting' END
        WHEN 'invoiced' THEN
            CASE WHEN o.outstanding_ore <= 0 THEN 'paid' WHEN i.due_on < $2::date THEN 'overdue' ELSE 'issued' END
        WHEN 'invoiced_then_removed' THEN 'to_credit'
        ELSE c.state
    END
"""
"""`domain.ledger.Stands` of a claim `c`, on the day $2."""
_FROM = f"""
    FROM claims c LEFT JOIN invoices i ON i.id = c.invoice_id
    LEFT JOIN LATERAL (SELECT {_OF_INVOICE} AS outstanding_ore WHERE c.state = 'invoiced') o ON true
"""
_COLUMNS = f"""
    c.id, {_STANDS} AS stands, c.buyer ->> 'name' AS organisation, c.enrolment_id, c.text, c.person_name,
        c.amount_ore, c.vat_percent, CASE WHEN c.state = 'waived' THEN c.waived_because ELSE c.reason END AS why,
        c.due_at, c.at_end = 'asked' AS asked, c.invoice_id, i.due_on, o.outstanding_ore
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


async def load_programme(tx: Tx, programme_id: str) -> ProgrammeRef | None:
    """As its newest version that was heard of names it; None where something owed has led to none."""
    text = await tx.fetchval(
        "SELECT ref::text FROM programmes WHERE id = $1 ORDER BY version DESC LIMIT 1", programme_id
    )
    return None if text is None else ProgrammeRef.model_validate_json(text)


async def load_page_of_rows(
    tx: Tx, page: Page, programme_id: str, today: date, stands: Stands | None
) -> list[Placed[Row]]:
    """By organisation and enrolment, fees first; None = wherever they stand."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} {_FROM}
        WHERE c.programme_id = $1 AND ($3::text IS NULL OR {_STANDS} = $3) AND {_IN_ORDER.after(4)}
        ORDER BY {_IN_ORDER.by} LIMIT $5
        """,
        programme_id,
        today,
        stands,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _row(row)) for row in rows]


async def load_named(tx: Tx, programme_id: str, today: date, text: str, most: int) -> list[Row]:
    """Those of a programme whose organisation's name has this in it, or whose invoice has this number or id."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS} {_FROM}
        WHERE c.programme_id = $1
          AND (strpos(lower(c.buyer ->> 'name'), lower($3)) > 0 OR c.invoice_id = $3 OR i.number::text = $3)
        ORDER BY {_IN_ORDER.by} LIMIT $4
        """,
        programme_id,
        today,
        text,
        most,
    )
    return [_row(row) for row in rows]


async def load_row(tx: Tx, programme_id: str, claim_id: str, today: date) -> Row | None:
    """None where the programme has no such claim."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} {_FROM} WHERE c.programme_id = $1 AND c.id = $3", programme_id, today, claim_id
    )
    return None if row is None else _row(row)


async def load_sums(tx: Tx, programme_id: str, today: date) -> Sums:
    claimed = await tx.fetch(
        f"""
        SELECT {_STANDS} AS stands, count(*) AS number_of, sum(c.amount_ore)::bigint AS net_ore,
            sum(c.amount_ore + (c.amount_ore * c.vat_percent * 2 + 100) / 200)::bigint AS gross_ore
        {_FROM} WHERE c.programme_id = $1 GROUP BY 1
        """,
        programme_id,
        today,
    )
    billed = await tx.fetchrow(
        f"""
        SELECT coalesce(sum(net_ore), 0)::bigint AS net_ore, coalesce(sum(gross_ore), 0)::bigint AS gross_ore,
            coalesce(sum(greatest(outstanding_ore, 0)), 0)::bigint AS outstanding_ore,
            coalesce(sum(outstanding_ore) FILTER (WHERE outstanding_ore > 0 AND due_on < $2::date), 0)::bigint
                AS overdue_ore,
            coalesce(sum(paid_ore), 0)::bigint AS paid_ore
        FROM (
            SELECT i.net_ore, i.gross_ore, i.due_on, {_OF_INVOICE} AS outstanding_ore,
                (SELECT sum(p.amount_ore) FROM payments p WHERE p.invoice_id = i.id) AS paid_ore
            FROM invoices i WHERE i.programme_id = $1
        ) standing
        """,
        programme_id,
        today,
    )
    credited = await tx.fetchval(
        """
        SELECT coalesce(sum(n.gross_ore + n.rounding_ore), 0)::bigint
        FROM invoices i JOIN credit_notes n ON n.invoice_id = i.id WHERE i.programme_id = $1
        """,
        programme_id,
    )
    to_come = [row for row in claimed if row["stands"] in TO_COME]
    found = dict(billed or {})
    return Sums(
        counts={row["stands"]: row["number_of"] for row in claimed},
        to_come_net_ore=sum(row["net_ore"] for row in to_come),
        to_come_ore=sum(row["gross_ore"] for row in to_come),
        invoiced_net_ore=found["net_ore"],
        invoiced_ore=found["gross_ore"],
        credited_ore=credited,
        paid_ore=found["paid_ore"],
        outstanding_ore=found["outstanding_ore"],
        overdue_ore=found["overdue_ore"],
    )


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
