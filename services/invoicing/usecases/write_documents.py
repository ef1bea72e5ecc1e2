"""Issued invoices and credit notes are written to files once they are committed.

A file is never written for one that is not.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from services.invoicing.adapters import documents, invoices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from services.invoicing.adapters.documents import Issued
    from shared.storage.tx import Tx

AT_MOST = 50
"""Documents written before it is noted how far we are."""


async def write_documents(transaction: Callable[[], AbstractAsyncContextManager[Tx]], folder: Path) -> int:
    """How many were written. No transaction is open meanwhile; killed in between, the same files are written again."""
    async with transaction() as tx:
        unwritten = await invoices.unwritten(tx, AT_MOST)
    if unwritten:
        await asyncio.to_thread(_write, folder, [one.document for one in unwritten])
        async with transaction() as tx:
            await invoices.mark_written(tx, unwritten)
    return len(unwritten)


def _write(folder: Path, issued: Sequence[Issued]) -> None:
    for one in issued:
        documents.write(folder, one)
