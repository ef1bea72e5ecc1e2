"""What the official rules said of each document that has been written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters.einvoice.official_rules import Finding, Verdict
from shared.storage.table import Table
from shared.storage.tx import Tx

_CHECKS = Table("official_checks", {"document_id": "text", "left_out": "text", "errors": "jsonb"}, key=("document_id",))


async def save(tx: Tx, verdicts: Mapping[str, Verdict]) -> None:
    """By document id; what is said of one that is written again takes the place of what was said before."""
    rows = [
        {
            "document_id": document_id,
            "left_out": verdict.left_out.value if verdict.left_out else "",
            "errors": json.dumps([_told(one) for one in verdict.errors]),
        }
        for document_id, verdict in verdicts.items()
    ]
    await _CHECKS.upsert(tx, rows)


async def load(tx: Tx, document_id: str) -> dict[str, Any] | None:
    """`passed` (None = the rules were not asked), `left_out` and `errors`; None = its files are not written yet."""
    row = await tx.fetchrow(
        "SELECT left_out, errors::text AS errors FROM official_checks WHERE document_id = $1", document_id
    )
    if row is None:
        return None
    errors = json.loads(row["errors"])
    return {
        "passed": None if row["left_out"] else not errors,
        "left_out": row["left_out"],
        "errors": errors,
    }


def _told(found: Finding) -> dict[str, str]:
    return {"rule": found.rule, "location": found.location, "text": found.text}
