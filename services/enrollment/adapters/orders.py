"""Rounds of options: what an enrolment was offered and what it has ordered.

Nobody else writes those of an enrolment that is locked (`enrolments.lock`): whoever does so holds that lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.enrollment.adapters.enrolments import PUT_IN_BY
from services.enrollment.domain.options import Order
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.parties import Billing
from shared.storage import order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ORDERS = Table(
    "option_orders",
    {
        "id": "text",
        "programme_id": "text",
        "enrolment_id": "text",
        "option_id": "text",
        "round": "integer",
        "state": "text",
        "title": "text",
        "text": "text",
        "includes": "text",
        "price_ore": "bigint",
        "vat_percent": "smallint",
        "good_until": "date",
        "agreed_at": "timestamptz",
        "delivered_on": "date",
        "order_billing": "jsonb",
        "order_billed_in": "text",
        **CAUSE,
    },
    key=("id",),
    fixed=("programme_id", "enrolment_id", "option_id", "round"),
)
_COLUMNS = """
    programme_id, enrolment_id, option_id, round, state, title, text, price_ore, vat_percent, includes, good_until,
    agreed_at, delivered_on, order_billing::text AS order_billing
"""
_IN_ORDER = order.Order({"programme_id": "text", "enrolment_id": "text", "option_id": "text", "round": "integer"})


async def load_newest(tx: Tx, enrolment_id: str, option_id: str | None = None) -> list[Order]:
    """The newest round of each option, or of the one that is named."""
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT ON (option_id) {_COLUMNS} FROM option_orders
        WHERE enrolment_id = $1 AND ($2::text IS NULL OR option_id = $2) ORDER BY option_id, round DESC
        """,
        enrolment_id,
        option_id,
    )
    return [_order(row) for row in rows]


async def load_open(tx: Tx, enrolment_ids: Iterable[str]) -> list[Order]:
    """Quotes that have no answer, and orders that are not delivered."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS} FROM option_orders
        WHERE enrolment_id = ANY($1::text[]) AND state IN ('quoted', 'ordered') ORDER BY enrolment_id, option_id
        """,
        sorted(set(enrolment_ids)),
    )
    return [_order(row) for row in rows]


async def load_many(tx: Tx, order_ids: Iterable[str]) -> dict[str, Order]:
    """By id."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM option_orders WHERE id = ANY($1::text[]) ORDER BY id", sorted(set(order_ids))
    )
    return {one.id: one for one in map(_order, rows)}


async def load_page(
    tx: Tx,
    page: Page,
    *,
    programme_id: str | None,
    enrolment_id: str | None,
    state: str | None,
    put_in_by: Sequence[str] | None = None,
) -> list[Placed[Order]]:
    """All rounds, by programme, enrolment and option; None = any. `put_in_by` is whose enrolments they are of: of those
    the rounds that are open, or were agreed in the enrolment's own round.
    """
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} FROM option_orders
        WHERE ($1::text IS NULL OR programme_id = $1) AND ($2::text IS NULL OR enrolment_id = $2)
          AND ($3::text IS NULL OR state = $3) AND {_IN_ORDER.after(4)}
          AND ($6::text[] IS NULL OR EXISTS (
              SELECT FROM enrolments WHERE enrolments.id = option_orders.enrolment_id AND {PUT_IN_BY} = ANY($6)
                AND (option_orders.state IN ('quoted', 'ordered') OR option_orders.agreed_at >= enrolments.enrolled_at)
          ))
        ORDER BY {_IN_ORDER.by} LIMIT $5
        """,
        programme_id,
        enrolment_id,
        state,
        page.after,
        page.wanted,
        None if put_in_by is None else list(put_in_by),
    )
    return [(row["stands_at"], _order(row)) for row in rows]


async def save(tx: Tx, orders: Sequence[Order], cause: Cause) -> None:
    """One after the other: what ends makes room for what begins."""
    for one in orders:
        await _ORDERS.upsert(
            tx,
            [
                {
                    "id": one.id,
                    "programme_id": one.programme_id,
                    "enrolment_id": one.enrolment_id,
                    "option_id": one.option_id,
                    "round": one.round,
                    "state": one.state,
                    "title": one.title,
                    "text": one.text,
                    "includes": one.includes,
                    "price_ore": one.price_ore,
                    "vat_percent": one.vat_percent,
                    "good_until": one.good_until,
                    "agreed_at": one.agreed_at,
                    "delivered_on": one.delivered_on,
                    "order_billing": _own(one),
                    **cause_columns(cause),
                }
            ],
        )


async def save_billing(tx: Tx, one: Order, cause: Cause) -> None:
    """Who pays for an order of a locked enrolment, and by which request; who ordered it stays who they are."""
    await _ORDERS.update(tx, [{"id": one.id, "order_billing": _own(one), "order_billed_in": cause.correlation_id}])


def _own(one: Order) -> str | None:
    return one.billing.model_dump_json() if one.billing else None


def _order(row: Any) -> Order:
    known = {name: value for name, value in row.items() if name not in {"stands_at", "order_billing"}}
    own = row["order_billing"]
    return Order(**known, billing=None if own is None else Billing.model_validate_json(own))
