"""What the official rules said of each document that has been written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters.einvoice.official_rules import Verdict
from shared.storage.tx import Tx


async def save(tx: Tx, verdicts: Mapping[str, Verdict]) -> None:
    """By document id; what is said of one that is written again takes the place of what was said before."""
    await tx.execute(
        """
        INSERT INTO official_checks (document_id, left_out, errors)
        SELECT id, left_out, errors::jsonb FROM unnest($1::text[], $2::text[], $3::text[]) AS new (id, left_out, errors)
        ON CONFLICT (document_id) DO UPDATE SET left_out = excluded.left_out, errors = excluded.errors
        """,
        list(verdicts),
        [verdict.left_out.value if verdict.left_out else "" for verdict in verdicts.values()],
        [
            json.dumps([{"rule": one.rule, "location": one.location, "text": one.text} for one in verdict.errors])
            for verdict in verdicts.values()
        ],
    )


async def read(tx: Tx, document_id: str) -> dict[str, Any] | None:
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
