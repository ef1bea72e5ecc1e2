"""Each issued invoice is written to files, after it was committed; a file is never written for one that was not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.invoicing.adapters import documents, invoices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from shared.contracts.invoicing import Invoice
    from shared.storage.tx import Tx

AT_MOST = 50
"""Invoices written before it is noted how far we are."""


async def write_documents(transaction: Callable[[], AbstractAsyncContextManager[Tx]], folder: Path) -> int:
    """How many were written. No transaction is open meanwhile; killed in between, the same files are written again."""
    async with transaction() as tx:
        unwritten = await invoices.unwritten(tx, AT_MOST)
    if unwritten:
        await asyncio.to_thread(_write, folder, unwritten)
        async with transaction() as tx:
            await invoices.mark_written(tx, unwritten)
    return len(unwritten)


def _write(folder: Path, issued: Sequence[Invoice]) -> None:
    for invoice in issued:
        documents.write(folder, invoice)
