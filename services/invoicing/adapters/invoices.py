"""Issued invoices, their numbers, what was paid and credited of them and what was said when it was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from shared.base.cause import Cause
from shared.contracts.invoicing import CreditNoteIssued, Invoice, RegisterPayment
from shared.storage.tx import Tx

REMIND_OVERDUE = "remind_overdue"
"""Timer, keyed by series, due day and level: invoices that fall due together share one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An invoice with what has been paid and credited of it. Outstanding is negative when that is too much."""

    invoice: Invoice
    cause: Cause
    paid_ore: int
    credited_ore: int
    reminders: int

    @property
    def outstanding_ore(self) -> int:
        return self.invoice.gross_ore - self.credited_ore - self.paid_ore


_STANDING = """
    SELECT i.document::text AS document, i.correlation_id, i.causation_id, i.actor,
           (SELECT coalesce(sum(p.amount_ore), 0)::bigint FROM payments p WHERE p.invoice_id = i.id) AS paid_ore,
           (SELECT coalesce(sum(c.gross_ore + c.rounding_ore), 0)::bigint FROM credit_notes c
            WHERE c.invoice_id = i.id) AS credited_ore,
           (SELECT count(*) FROM overdue_notices o WHERE o.invoice_id = i.id) AS reminders
    FROM invoices i
"""


async def draw_numbers(tx: Tx, series: str, organiser: str, count: int) -> int | None:
    """The first of `count` numbers in a row; None = the series is another organiser's.

    From here until COMMIT nobody else gets numbers of this series: ask once, and late.
    """
    last = await tx.fetchval(
        """
        INSERT INTO counters (series, organiser, last) VALUES ($1, $2, $3)
        ON CONFLICT (series) DO UPDATE SET last = counters.last + excluded.last
        WHERE counters.organiser = excluded.organiser
        RETURNING last
        """,
        series,
        organiser,
        count,
    )
    return None if last is None else last - count + 1


async def draw_number(tx: Tx, credited: Invoice) -> int:
    """The next number of the invoice's own series, for a credit note of it."""
    number = await draw_numbers(tx, credited.series, credited.programme.seller.cvr, 1)
    if number is None:
        raise LookupError(f"the series of invoice {credited.id} is another organiser's")
    return number


async def insert(tx: Tx, issued: Sequence[tuple[Invoice, Cause]]) -> None:
    await tx.execute(
        """
        INSERT INTO invoices (id, series, organiser, number, issued_on, due_on, programme_id, enrolment_id,
                              organisation_code, net_ore, vat_ore, gross_ore, document,
                              correlation_id, causation_id, actor)
        SELECT id, series, organiser, number, issued_on, due_on, programme_id, enrolment_id,
               organisation_code, net_ore, vat_ore, gross_ore, document::json, correlation_id, causation_id, actor
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::date[], $6::date[], $7::text[], $8::text[],
                    $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[],
                    $16::text[])
            AS new (id, series, organiser, number, issued_on, due_on, programme_id, enrolment_id,
                    organisation_code, net_ore, vat_ore, gross_ore, document, correlation_id, causation_id, actor)
        """,
        [invoice.id for invoice, _ in issued],
        [invoice.series for invoice, _ in issued],
        [invoice.programme.seller.cvr for invoice, _ in issued],
        [invoice.number for invoice, _ in issued],
        [invoice.issued_on for invoice, _ in issued],
        [invoice.due_on for invoice, _ in issued],
        [invoice.programme.id for invoice, _ in issued],
        [invoice.enrolment_id for invoice, _ in issued],
        [invoice.buyer.code for invoice, _ in issued],
        [invoice.net_ore for invoice, _ in issued],
        [invoice.vat_ore for invoice, _ in issued],
        [invoice.gross_ore for invoice, _ in issued],
        [invoice.__pydantic_serializer__.to_json(invoice).decode() for invoice, _ in issued],
        [cause.correlation_id for _, cause in issued],
        [cause.causation_id for _, cause in issued],
        [cause.actor for _, cause in issued],
    )


async def load(tx: Tx, invoice_id: str) -> Standing | None:
    """Locked until the transaction ends: payments and credit notes of it come one after the other."""
    if await tx.fetchval("SELECT id FROM invoices WHERE id = $1 FOR UPDATE", invoice_id) is None:
        return None
    row = await tx.fetchrow(_STANDING + "WHERE i.id = $1", invoice_id)
    return None if row is None else _standing(row)


async def read(
    tx: Tx, *, invoice_id: str | None = None, programme_id: str | None = None, enrolment_id: str | None = None
) -> list[Standing]:
    """For people who look; by series and number."""
    rows = await tx.fetch(
        _STANDING
        + """
        WHERE ($1::text IS NULL OR i.id = $1) AND ($2::text IS NULL OR i.programme_id = $2)
          AND ($3::text IS NULL OR i.enrolment_id = $3)
        ORDER BY i.series, i.number
        """,
        invoice_id,
        programme_id,
        enrolment_id,
    )
    return [_standing(row) for row in rows]


async def load_overdue(tx: Tx, series: str, due_on: date, level: int) -> list[Standing]:
    """Those of a due day that are still not paid, were reminded at the levels before, and not yet at this one."""
    # First the locks: only a statement that begins after them sees what was paid or credited meanwhile.
    locked = await tx.fetch(
        "SELECT id FROM invoices WHERE due_on = $1 AND series = $2 ORDER BY number FOR UPDATE", due_on, series
    )
    rows = await tx.fetch(
        f"""
        SELECT * FROM ({_STANDING} WHERE i.id = ANY($1::text[]) ORDER BY i.number) AS standing
        WHERE reminders = $2 - 1
        """,
        [row["id"] for row in locked],
        level,
    )
    return [standing for standing in map(_standing, rows) if standing.outstanding_ore > 0]


async def insert_notices(tx: Tx, told: Sequence[Standing], level: int, told_on: date) -> None:
    await tx.execute(
        """
        INSERT INTO overdue_notices (invoice_id, level, told_on, outstanding_ore, correlation_id, causation_id, actor)
        SELECT id, $2::int, $3::date, outstanding_ore, correlation_id, causation_id, actor
        FROM unnest($1::text[], $4::bigint[], $5::text[], $6::text[], $7::text[])
            AS new (id, outstanding_ore, correlation_id, causation_id, actor)
        """,
        [standing.invoice.id for standing in told],
        level,
        told_on,
        [standing.outstanding_ore for standing in told],
        [standing.cause.correlation_id for standing in told],
        [standing.cause.causation_id for standing in told],
        [standing.cause.actor for standing in told],
    )


async def insert_payment(tx: Tx, payment: RegisterPayment) -> RegisterPayment | None:
    """None = it is noted now; else the payment that has this id already."""
    new = await tx.fetchval(
        """
        INSERT INTO payments (id, invoice_id, amount_ore, paid_on, correlation_id, causation_id, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING id
        """,
        payment.payment_id,
        payment.invoice_id,
        payment.amount_ore,
        payment.paid_on,
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )
    if new is not None:
        return None
    row = await tx.fetchrow("SELECT * FROM payments WHERE id = $1", payment.payment_id)
    if row is None:
        raise LookupError(payment.payment_id)
    return payment.model_copy(update={name: row[name] for name in ("invoice_id", "amount_ore", "paid_on")})


async def overview(tx: Tx, programme_id: str | None) -> dict[str, Any]:
    """Counts, and sums in øre."""
    claimed = await tx.fetch(
        """
        SELECT state, count(*) AS count, sum(amount_ore)::bigint AS net_ore FROM claims
        WHERE $1::text IS NULL OR programme_id = $1 GROUP BY state ORDER BY state
        """,
        programme_id,
    )
    billed = await tx.fetchrow(
        """
        SELECT count(*) AS count, coalesce(sum(net_ore), 0)::bigint AS net_ore,
               coalesce(sum(vat_ore), 0)::bigint AS vat_ore, coalesce(sum(gross_ore), 0)::bigint AS gross_ore
        FROM invoices WHERE $1::text IS NULL OR programme_id = $1
        """,
        programme_id,
    )
    paid = await tx.fetchval(
        """
        SELECT coalesce(sum(p.amount_ore), 0)::bigint FROM payments p JOIN invoices i ON i.id = p.invoice_id
        WHERE $1::text IS NULL OR i.programme_id = $1
        """,
        programme_id,
    )
    credited = await tx.fetchrow(
        """
        SELECT count(*) AS count, coalesce(sum(c.net_ore), 0)::bigint AS net_ore,
               coalesce(sum(c.vat_ore), 0)::bigint AS vat_ore, coalesce(sum(c.gross_ore), 0)::bigint AS gross_ore,
               coalesce(sum(c.rounding_ore), 0)::bigint AS rounding_ore
        FROM credit_notes c JOIN invoices i ON i.id = c.invoice_id WHERE $1::text IS NULL OR i.programme_id = $1
        """,
        programme_id,
    )
    totals, given_back = dict(billed or {}), dict(credited or {})
    return {
        "programme_id": programme_id,
        "claims": {row["state"]: {"count": row["count"], "net_ore": row["net_ore"]} for row in claimed},
        "invoices": totals,
        "credit_notes": given_back,
        "paid_ore": paid,
        "outstanding_ore": totals["gross_ore"] - given_back["gross_ore"] - given_back["rounding_ore"] - paid,
    }


class Unwritten(NamedTuple):
    """An issued document that nobody has noted as written to files."""

    series: str
    number: int
    document: Invoice | CreditNoteIssued


async def unwritten(tx: Tx, at_most: int) -> list[Unwritten]:
    """In the order of their numbers, which invoices and credit notes share."""
    rows = await tx.fetch(
        """
        SELECT d.series, d.number, d.credits, d.document::text AS document FROM (
            (SELECT i.series, i.number, false AS credits, i.document
             FROM invoices i LEFT JOIN written_documents w ON w.series = i.series
             WHERE i.number > coalesce(w.last, 0) ORDER BY i.series, i.number LIMIT $1)
            UNION ALL
            (SELECT c.series, c.number, true, c.document
             FROM credit_notes c LEFT JOIN written_documents w ON w.series = c.series
             WHERE c.number > coalesce(w.last, 0) ORDER BY c.series, c.number LIMIT $1)
        ) AS d ORDER BY d.series, d.number LIMIT $1
        """,
        at_most,
    )
    return [
        Unwritten(
            row["series"],
            row["number"],
            (CreditNoteIssued if row["credits"] else Invoice).model_validate_json(row["document"]),
        )
        for row in rows
    ]


async def mark_written(tx: Tx, written: Sequence[Unwritten]) -> None:
    """`written` is what `unwritten` gave, from its beginning: of each series without a gap."""
    last = {one.series: one.number for one in written}
    await tx.execute(
        """
        INSERT INTO written_documents (series, last) SELECT * FROM unnest($1::text[], $2::bigint[])
        ON CONFLICT (series) DO UPDATE SET last = greatest(written_documents.last, excluded.last)
        """,
        list(last),
        list(last.values()),
    )


async def count_unwritten(tx: Tx) -> int:
    count: int = await tx.fetchval(
        """
        SELECT coalesce(sum(c.last - coalesce(w.last, 0)), 0)::bigint
        FROM counters c LEFT JOIN written_documents w USING (series)
        """
    )
    return count


def arm_reminder(tx: Tx, series: str, due_on: date, level: int, at: datetime, cause: Cause) -> None:
    key = f"{series}/{due_on}/{level}"
    data = {"series": series, "due_on": due_on.isoformat(), "level": level}
    tx.arm(REMIND_OVERDUE, key, at, data, because=cause)


def _standing(row: Any) -> Standing:
    return Standing(
        Invoice.model_validate_json(row["document"]),
        Cause(row["correlation_id"], row["causation_id"], row["actor"]),
        row["paid_ore"],
        row["credited_ore"],
        row["reminders"],
    )
