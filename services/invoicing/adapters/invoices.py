"""Issued invoices, their numbers, what was paid and credited of them and what was said when it was not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from services.invoicing.domain.standing import Standing
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.invoicing import CreditNoteIssued, Invoice, RegisterPayment
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns, cause_of
from shared.storage.tx import Tx

_INVOICES = Table(
    "invoices",
    {
        "id": "text",
        "series": "text",
        "organiser": "text",
        "number": "bigint",
        "issued_on": "date",
        "due_on": "date",
        "programme_id": "text",
        "enrolment_id": "text",
        "organisation_code": "text",
        "net_ore": "bigint",
        "vat_ore": "bigint",
        "gross_ore": "bigint",
        "document": "json",
        **CAUSE,
    },
    key=("id",),
)
_PAYMENTS = Table(
    "payments",
    {"id": "text", "invoice_id": "text", "amount_ore": "bigint", "paid_on": "date", **CAUSE},
    key=("id",),
)
_NOTICES = Table(
    "overdue_notices",
    {"invoice_id": "text", "level": "smallint", "told_on": "date", "outstanding_ore": "bigint", **CAUSE},
    key=("invoice_id", "level"),
)
_WRITTEN = Table("written_documents", {"series": "text", "last": "bigint"}, key=("series",))
_COLUMNS = """
    i.document::text AS document, i.correlation_id, i.causation_id, i.actor,
           (SELECT coalesce(sum(p.amount_ore), 0)::bigint FROM payments p WHERE p.invoice_id = i.id) AS paid_ore,
           (SELECT coalesce(sum(c.gross_ore + c.rounding_ore), 0)::bigint FROM credit_notes c
            WHERE c.invoice_id = i.id) AS credited_ore,
           (SELECT count(*) FROM overdue_notices o WHERE o.invoice_id = i.id) AS reminders
"""
_SELECT = f"SELECT {_COLUMNS} FROM invoices i"
_IN_ORDER = Order({"i.series": "text", "i.number": "bigint"})


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


async def insert(tx: Tx, issued: Sequence[Invoice], causes: Mapping[str, Cause]) -> None:
    """`causes` by invoice id."""
    because = [causes[invoice.id] for invoice in issued]
    await _INVOICES.insert(
        tx,
        {
            "id": [invoice.id for invoice in issued],
            "series": [invoice.series for invoice in issued],
            "organiser": [invoice.programme.seller.cvr for invoice in issued],
            "number": [invoice.number for invoice in issued],
            "issued_on": [invoice.issued_on for invoice in issued],
            "due_on": [invoice.due_on for invoice in issued],
            "programme_id": [invoice.programme.id for invoice in issued],
            "enrolment_id": [invoice.enrolment_id for invoice in issued],
            "organisation_code": [invoice.buyer.code for invoice in issued],
            "net_ore": [invoice.net_ore for invoice in issued],
            "vat_ore": [invoice.vat_ore for invoice in issued],
            "gross_ore": [invoice.gross_ore for invoice in issued],
            "document": [invoice.__pydantic_serializer__.to_json(invoice).decode() for invoice in issued],
            "correlation_id": [cause.correlation_id for cause in because],
            "causation_id": [cause.causation_id for cause in because],
            "actor": [cause.actor for cause in because],
        },
    )


async def lock(tx: Tx, invoice_id: str) -> Standing | None:
    """Until the transaction ends: payments and credit notes of it come one after the other."""
    if await tx.fetchval("SELECT id FROM invoices WHERE id = $1 FOR UPDATE", invoice_id) is None:
        return None
    # A statement of its own: only one that begins after the lock sees what was paid or credited meanwhile.
    row = await tx.fetchrow(f"{_SELECT} WHERE i.id = $1", invoice_id)
    return None if row is None else _standing(row)


async def lock_unreminded(
    tx: Tx, series: str, due_on: date, level: int, after: int, most: int
) -> tuple[int | None, list[tuple[Standing, Cause]]]:
    """Those of a due day that were told of at every level before this one, and not yet at this one; by number.

    Of the first `most` after that number; the last of these is told when others may follow.
    """
    # First the locks: only a statement that begins after them sees what was paid or credited meanwhile.
    locked = await tx.fetch(
        """
        SELECT id, number FROM invoices WHERE due_on = $1 AND series = $2 AND number > $3
        ORDER BY number LIMIT $4 FOR UPDATE
        """,
        due_on,
        series,
        after,
        most,
    )
    rows = await tx.fetch(
        f"""
        SELECT * FROM ({_SELECT} WHERE i.id = ANY($1::text[]) ORDER BY i.number) AS standing
        WHERE reminders = $2 - 1
        """,
        [row["id"] for row in locked],
        level,
    )
    last = locked[-1]["number"] if len(locked) == most else None
    return last, [(_standing(row), cause_of(row)) for row in rows]


async def load(tx: Tx, invoice_id: str) -> tuple[Standing, Cause] | None:
    """With what it goes back to."""
    row = await tx.fetchrow(f"{_SELECT} WHERE i.id = $1", invoice_id)
    return None if row is None else (_standing(row), cause_of(row))


class Overdue(NamedTuple):
    """An invoice that is not paid in full after its day, with what is outstanding (øre)."""

    invoice_id: str
    programme_id: str
    buyer: str
    due_on: date
    outstanding_ore: int
    reminders: int


async def load_overdue(
    tx: Tx, programme_ids: Collection[str] | None, day: date, today: date, most: int
) -> tuple[list[Overdue], int, int]:
    """Those of these programmes (None = of all) that fell due since the day, and were reminded of, the oldest
    first; how many there are in all, and what is outstanding of all of them (øre).
    """
    rows = await tx.fetch(
        """
        SELECT *, count(*) OVER () AS total, (sum(outstanding) OVER ())::bigint AS sum_ore FROM (
            SELECT i.id, i.programme_id, i.document #>> '{buyer,name}' AS buyer, i.due_on, notices.reminders,
                (i.gross_ore
                 - (SELECT coalesce(sum(p.amount_ore), 0) FROM payments p WHERE p.invoice_id = i.id)
                 - (SELECT coalesce(sum(c.gross_ore + c.rounding_ore), 0) FROM credit_notes c WHERE c.invoice_id = i.id)
                )::bigint AS outstanding
            FROM invoices i
            CROSS JOIN LATERAL (
                SELECT count(*) AS reminders FROM overdue_notices o WHERE o.invoice_id = i.id
            ) notices
            WHERE i.due_on >= $2 AND i.due_on < $3 AND notices.reminders > 0
                AND ($1::text[] IS NULL OR i.programme_id = ANY($1))
        ) standing WHERE outstanding > 0 ORDER BY due_on, id LIMIT $4
        """,
        None if programme_ids is None else sorted(programme_ids),
        day,
        today,
        most,
    )
    found = [
        Overdue(row["id"], row["programme_id"], row["buyer"], row["due_on"], row["outstanding"], row["reminders"])
        for row in rows
    ]
    return found, rows[0]["total"] if rows else 0, rows[0]["sum_ore"] if rows else 0


async def load_page(
    tx: Tx, page: Page, *, programme_id: str | None, enrolment_id: str | None
) -> list[Placed[Standing]]:
    """By series and number; None = any."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} FROM invoices i
        WHERE ($1::text IS NULL OR i.programme_id = $1) AND ($2::text IS NULL OR i.enrolment_id = $2)
          AND {_IN_ORDER.after(3)}
        ORDER BY {_IN_ORDER.by} LIMIT $4
        """,
        programme_id,
        enrolment_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _standing(row)) for row in rows]


async def insert_notices(tx: Tx, told: Sequence[Standing], told_on: date, causes: Mapping[str, Cause]) -> None:
    """Of invoices that `lock_unreminded` has locked, at the level that each has come to. `causes` by invoice id."""
    rows = [
        {
            "invoice_id": standing.id,
            "level": standing.reminders,
            "told_on": told_on,
            "outstanding_ore": standing.outstanding_ore,
            **cause_columns(causes[standing.id]),
        }
        for standing in told
    ]
    await _NOTICES.insert(tx, rows)


async def insert_payment(tx: Tx, payment: RegisterPayment) -> bool:
    """False = another one got that `payment_id` a moment ago."""
    row = {
        "id": payment.payment_id,
        "invoice_id": payment.invoice_id,
        "amount_ore": payment.amount_ore,
        "paid_on": payment.paid_on,
        **cause_columns(tx.cause),
    }
    return await _PAYMENTS.insert_new(tx, [row]) > 0


async def load_payment(tx: Tx, payment_id: str) -> RegisterPayment | None:
    row = await tx.fetchrow("SELECT id, invoice_id, amount_ore, paid_on FROM payments WHERE id = $1", payment_id)
    if row is None:
        return None
    # Taken in already, so that today's bounds of the door are nothing to it.
    return RegisterPayment.model_construct(
        invoice_id=row["invoice_id"], payment_id=row["id"], amount_ore=row["amount_ore"], paid_on=row["paid_on"]
    )


class Paid(NamedTuple):
    """Money that came in for an invoice (øre); `actor` has registered it."""

    payment_id: str
    amount_ore: int
    paid_on: date
    actor: str | None


class Reminded(NamedTuple):
    level: int
    told_on: date
    outstanding_ore: int


async def load_payments(tx: Tx, invoice_id: str, most: int) -> list[Paid]:
    """Of an invoice, the newest at first."""
    rows = await tx.fetch(
        """
        SELECT id, amount_ore, paid_on, actor FROM payments WHERE invoice_id = $1
        ORDER BY paid_on DESC, id LIMIT $2
        """,
        invoice_id,
        most,
    )
    return [Paid(row["id"], row["amount_ore"], row["paid_on"], row["actor"]) for row in rows]


async def load_notices(tx: Tx, invoice_id: str) -> list[Reminded]:
    """When it was said of an invoice that it was not paid in time, the newest at first."""
    rows = await tx.fetch(
        "SELECT level, told_on, outstanding_ore FROM overdue_notices WHERE invoice_id = $1 ORDER BY level DESC",
        invoice_id,
    )
    return [Reminded(row["level"], row["told_on"], row["outstanding_ore"]) for row in rows]


async def load_overview(tx: Tx, programme_id: str | None) -> dict[str, Any]:
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


async def load_unwritten(tx: Tx, at_most: int) -> list[Unwritten]:
    """In the order of their numbers, which invoices and credit notes share."""
    rows = await tx.fetch(
        """
        SELECT c.series, d.number, d.credits, d.document::text AS document
        FROM counters c LEFT JOIN written_documents w ON w.series = c.series
        CROSS JOIN LATERAL (
            (SELECT number, false AS credits, document FROM invoices
             WHERE series = c.series AND number > coalesce(w.last, 0) ORDER BY number LIMIT $1)
            UNION ALL
            (SELECT number, true, document FROM credit_notes
             WHERE series = c.series AND number > coalesce(w.last, 0) ORDER BY number LIMIT $1)
        ) AS d
        WHERE c.last > coalesce(w.last, 0) ORDER BY c.series, d.number LIMIT $1
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
    """`written` is what `load_unwritten` gave, from its beginning: of each series without a gap."""
    last = {one.series: one.number for one in written}
    rows = [{"series": series, "last": number} for series, number in last.items()]
    await _WRITTEN.upsert(tx, rows, when="excluded.last > old.last")


async def count_unwritten(tx: Tx) -> int:
    count: int = await tx.fetchval(
        """
        SELECT coalesce(sum(c.last - coalesce(w.last, 0)), 0)::bigint
        FROM counters c LEFT JOIN written_documents w USING (series)
        """
    )
    return count


def _standing(row: Any) -> Standing:
    return Standing(
        Invoice.model_validate_json(row["document"]), row["paid_ore"], row["credited_ore"], row["reminders"]
    )


async def count_about(tx: Tx, person_ids: Sequence[str]) -> tuple[int, int]:
    """On how many invoices, and credit notes of them, these people stand: as extra participants, or as the contact."""
    row = await tx.fetchrow(
        """
        WITH about AS (
            SELECT invoice_id FROM claims WHERE item = ANY($1) AND invoice_id IS NOT NULL
            UNION SELECT invoice_id FROM claims WHERE contact ->> 'person_id' = ANY($1) AND invoice_id IS NOT NULL
        )
        SELECT (SELECT count(*) FROM about) AS invoices,
            (SELECT count(*) FROM about JOIN credit_notes n ON n.invoice_id = about.invoice_id) AS credit_notes
        """,
        list(person_ids),
    )
    return (row["invoices"], row["credit_notes"]) if row else (0, 0)
