"""How enrolments are billed, as was told last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.invoicing.domain.claim import Billed
from shared.contracts.parties import Billing
from shared.storage.table import Table
from shared.storage.tx import Tx

_BILLINGS = Table(
    "told_billings",
    {"enrolment_id": "text", "told_billing": "jsonb", "told_billing_at": "timestamptz"},
    key=("enrolment_id",),
)


async def lock(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Billed]:
    """By enrolment, what was told of them; whoever tells more waits, and then finds the claims made here."""
    ids = sorted(set(enrolment_ids))
    await _BILLINGS.insert_new(tx, {"enrolment_id": ids})
    rows = await tx.fetch(
        """
        SELECT enrolment_id, told_billing::text AS told_billing, told_billing_at FROM told_billings
        WHERE enrolment_id = ANY($1::text[]) ORDER BY enrolment_id FOR SHARE
        """,
        ids,
    )
    return {
        row["enrolment_id"]: Billed(Billing.model_validate_json(row["told_billing"]), row["told_billing_at"])
        for row in rows
        if row["told_billing"] is not None
    }


async def save(tx: Tx, told: Mapping[str, Billed]) -> None:
    """By enrolment."""
    rows = [
        {"enrolment_id": one, "told_billing": billed.billing.model_dump_json(), "told_billing_at": billed.at}
        for one, billed in told.items()
    ]
    await _BILLINGS.upsert(tx, rows)


async def forget_older(tx: Tx, told_at: Mapping[str, datetime]) -> None:
    """Of enrolments that were told of anew: what was said of them before is over."""
    await tx.execute(
        """
        UPDATE told_billings SET told_billing = NULL, told_billing_at = NULL
        FROM unnest($1::text[], $2::timestamptz[]) AS anew (enrolment_id, at)
        WHERE told_billings.enrolment_id = anew.enrolment_id AND told_billing_at <= anew.at
        """,
        list(told_at),
        list(told_at.values()),
    )
