"""Issued invoices and credit notes are written to files once they are committed, and put to the official rules.

A file is never written for one that is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from services.invoicing.adapters import documents, invoices, official_checks
from services.invoicing.adapters.einvoice.official_rules import OfficialRules, Verdict
from services.invoicing.domain.from_invoice import Issued
from shared.storage.tx import Tx

AT_MOST = 50
"""Documents written before it is noted how far we are."""


async def write_documents(
    transaction: Callable[[], AbstractAsyncContextManager[Tx]], folder: Path, rules: OfficialRules
) -> dict[str, Verdict]:
    """What the rules say of each that was written. They have been issued: what is wrong is for people to credit.

    No transaction is open meanwhile; killed in between, the same files are written again.
    """
    async with transaction() as tx:
        unwritten = await invoices.load_unwritten(tx, AT_MOST)
    if not unwritten:
        return {}
    verdicts = await asyncio.to_thread(_write, folder, rules, [one.document for one in unwritten])
    async with transaction() as tx:
        await official_checks.save(tx, verdicts)
        await invoices.mark_written(tx, unwritten)
    return verdicts


def _write(folder: Path, rules: OfficialRules, issued: Sequence[Issued]) -> dict[str, Verdict]:
    return {one.id: rules.check(documents.write(folder, one)["xml"]) for one in issued}
