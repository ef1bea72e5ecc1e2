"""`python -m services.invoicing document …`: what was issued, and where it is credited; files judged and made."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from services.invoicing.adapters import documents
from services.invoicing.console import files
from services.invoicing.usecases.read_documents import read_document
from services.invoicing.usecases.read_linked_invoices import read_invoice_link
from shared.base.cause import Cause, new_correlation
from shared.base.files import deliver, kind_wanted
from shared.contracts.refusal import Refused
from shared.runtime.service import Host

OpenHost = Callable[[], Awaitable[Host]]

_SUFFIXES = ("html", "json", "xml", "pdf")


def document(argv: Sequence[str], open_host: OpenHost) -> int:
    """The exit status: 1 = there is no such document, or one of sysexits.h."""
    parser = argparse.ArgumentParser(prog="python -m services.invoicing document", allow_abbrev=False)
    what = parser.add_subparsers(required=True)
    showing = what.add_parser("show", help="write one invoice or credit note to standard output, or to a file")
    showing.add_argument("id", help="series and number, such as K-1")
    showing.add_argument("--as", dest="suffix", choices=_SUFFIXES, help="which of its files; else as --out is named")
    showing.add_argument("--out", type=Path, help="file to write")
    showing.set_defaults(carry_out=partial(_show, open_host))
    page = what.add_parser("page", help="print the address where an invoice is credited; a secret, good for 12 hours")
    page.add_argument("id", help="series and number, such as K-1")
    page.set_defaults(carry_out=partial(_page, open_host))
    files.add_commands(what)
    asked = parser.parse_args(argv)
    status: int = asked.carry_out(asked)
    return status


def _show(open_host: OpenHost, asked: argparse.Namespace) -> int:
    kind = kind_wanted(asked.suffix, asked.out, _SUFFIXES, "json" if sys.stdout.isatty() else "html")
    if kind is None:
        return os.EX_USAGE
    content = asyncio.run(_file(asked.id, kind, open_host))
    return 1 if content is None else deliver(content, asked.out, asked.id, kind)


async def _file(document_id: str, kind: str, open_host: OpenHost) -> bytes | None:
    """One of the files of an invoice or a credit note; None and a sentence when there is none."""
    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
            issued = await read_document(tx, document_id)
    except Refused as refused:
        sys.stderr.write(f"{refused.code}: {refused.detail}\n")
        return None
    finally:
        await host.pool.close()
    return (await asyncio.to_thread(documents.as_files, issued))[kind]


def _page(open_host: OpenHost, asked: argparse.Namespace) -> int:
    return asyncio.run(_print_address(asked.id, open_host))


async def _print_address(invoice_id: str, open_host: OpenHost) -> int:
    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
            sys.stdout.write(f"{(await read_invoice_link(tx, {'invoice_id': invoice_id}))['url']}\n")
    except Refused as refused:
        sys.stderr.write(f"{refused.code}: {refused.detail}\n")
        return 1
    finally:
        await host.pool.close()
    return os.EX_OK
