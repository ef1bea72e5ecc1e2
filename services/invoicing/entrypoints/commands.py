"""`python -m services.invoicing document ID`: an invoice on the command line."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from services.invoicing.adapters import documents
from services.invoicing.usecases.read_invoices import find
from shared.contracts.refusal import Refused
from shared.runtime.correlation import new_correlation
from shared.storage.tx import Cause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shared.runtime.service import Host


def document(argv: Sequence[str], open_host: Callable[[], Awaitable[Host]]) -> int:
    """Prints the invoice as a page, or as JSON; the exit status is 1 when there is none of that number."""
    parser = argparse.ArgumentParser(prog="python -m services.invoicing document", allow_abbrev=False)
    parser.add_argument("id", help="series and number, such as K-1")
    parser.add_argument("--json", action="store_true", help="for programs")
    asked = parser.parse_args(argv)
    return asyncio.run(_document(asked.id, open_host, json=asked.json))


async def _document(invoice_id: str, open_host: Callable[[], Awaitable[Host]], *, json: bool) -> int:
    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
            invoice = (await find(tx, invoice_id)).invoice
    except Refused as refused:
        sys.stderr.write(f"{refused.detail}\n")
        return 1
    finally:
        await host.pool.close()
    sys.stdout.write(documents.as_json(invoice) if json else documents.as_html(invoice))
    return 0
