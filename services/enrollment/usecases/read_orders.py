"""What was offered and ordered beside the fee, and what became of it. A client is shown that of what it put in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.enrollment.adapters import enrolments, orders
from services.enrollment.domain.enrolment import Enrolment, put_in_by
from services.enrollment.domain.options import Order, word_of
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_orders(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All rounds, by `programme_id`, `enrolment_id` and `state`, each if given."""
    page = page_of(query, "orders")
    found = await orders.load_page(
        tx,
        page,
        programme_id=query.get("programme_id"),
        enrolment_id=query.get("enrolment_id"),
        state=query.get("state"),
        put_in_by=None if tx.cause.client is None else put_in_by(tx.cause.client),
    )
    buyers = await enrolments.load_many(tx, [one.enrolment_id for _, one in found])
    return page.answer(
        found, lambda one: _shown(one, buyers[one.enrolment_id], tx.now, by_name=tx.cause.client is None)
    )


def _shown(one: Order, enrolment: Enrolment, now: datetime, *, by_name: bool) -> dict[str, Any]:
    """`state` as it was stored; `status` as it is read now, for a quote lapses at midnight. `billing`: who pays for
    this order alone, for staff; None = as the enrolment's.
    """
    return {
        "order_id": one.id,
        "programme_id": one.programme_id,
        "enrolment_id": one.enrolment_id,
        "organisation": enrolment.organisation.model_dump(mode="json"),
        "option_id": one.option_id,
        "round": one.round,
        "state": one.state,
        "status": word_of(one, now),
        "title": one.title,
        "includes": one.includes or None,
        "price_ore": one.price_ore,
        "vat_percent": one.vat_percent,
        "good_until": one.good_until.isoformat() if one.good_until else None,
        "agreed_at": one.agreed_at.isoformat() if one.agreed_at else None,
        "delivered_on": one.delivered_on.isoformat() if one.delivered_on else None,
        "billing": one.billing.model_dump(mode="json") if one.billing and by_name else None,
    }
