"""`python -m services.invoicing document …`: invoices as documents, samples of them, and e-invoices to be checked.

Files are judged and made without the rest of the service: reading it takes longer than most of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from services.invoicing.adapters.einvoice.document_files import check_file, samples
from services.invoicing.adapters.einvoice.official_rules import FOLDER, OfficialRules
from shared.base.cause import Cause, new_correlation
from shared.base.clock import DomainClock
from shared.base.files import deliver, kind_wanted, why_not_read, write_all
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.runtime.service import Host

OpenHost = Callable[[], Awaitable[Host]]

_SUFFIXES = ("html", "json", "xml", "pdf")


def document(argv: Sequence[str], open_host: OpenHost) -> int:
    """The exit status: 1 = there is no such document, or one of sysexits.h (65 = a checked file is not in order)."""
    parser = argparse.ArgumentParser(prog="python -m services.invoicing document", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    show = what.add_parser("show", help="write one invoice or credit note to standard output, or to a file")
    show.add_argument("id", help="series and number, such as K-1")
    show.add_argument("--as", dest="suffix", choices=_SUFFIXES, help="which of its files; else as --out is named")
    show.add_argument("--out", type=Path, help="file to write")
    page = what.add_parser("page", help="print the address where an invoice is credited; a secret, good for 12 hours")
    page.add_argument("id", help="series and number, such as K-1")
    making = what.add_parser("samples", help="write one of each kind: PDF, and e-invoice in every format")
    making.add_argument("folder", type=Path)
    checking = what.add_parser("check", help="say what is wrong with e-invoices (XML), and with PDFs that hold one")
    checking.add_argument("files", nargs="+", type=Path)
    checking.add_argument("--json", action="store_true", help="one object a line, for programs")
    asked = parser.parse_args(argv)
    match asked.what:
        case "show":
            return _show(asked.id, asked.suffix, asked.out, open_host)
        case "page":
            return asyncio.run(_page(asked.id, open_host))
        case "samples":
            # The same bytes each time, on every machine.
            return write_all(asked.folder, samples())
        case _:
            return _check(asked.files, as_json=asked.json)


def _show(document_id: str, suffix: str | None, out: Path | None, open_host: OpenHost) -> int:
    kind = kind_wanted(suffix, out, _SUFFIXES, "json" if sys.stdout.isatty() else "html")
    if kind is None:
        return os.EX_USAGE
    content = asyncio.run(_file(document_id, kind, open_host))
    return 1 if content is None else deliver(content, out, document_id, kind)


async def _file(document_id: str, kind: str, open_host: OpenHost) -> bytes | None:
    """One of the files of an invoice or a credit note; None and a sentence when there is none."""
    from services.invoicing.adapters import documents  # noqa: PLC0415  (see the module)
    from services.invoicing.usecases.read_documents import find_document  # noqa: PLC0415  (as above)

    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
            issued = await find_document(tx, document_id)
    except Refused as refused:
        sys.stderr.write(f"{refused.code}: {refused.detail}\n")
        return None
    finally:
        await host.pool.close()
    return (await asyncio.to_thread(documents.as_files, issued))[kind]


async def _page(invoice_id: str, open_host: OpenHost) -> int:
    from services.invoicing.usecases.show_invoice import link_to_invoice  # noqa: PLC0415  (see the module)

    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
            sys.stdout.write(f"{(await link_to_invoice(tx, {'invoice_id': invoice_id}))['url']}\n")
    except Refused as refused:
        sys.stderr.write(f"{refused.code}: {refused.detail}\n")
        return 1
    finally:
        await host.pool.close()
    return os.EX_OK


def _check(files: Sequence[Path], *, as_json: bool) -> int:
    """Every file that can be read is judged."""
    status = os.EX_OK
    today = day_of(DomainClock().now())
    rules_folder = os.environ.get(FOLDER)
    with OfficialRules(Path(rules_folder) if rules_folder else None) as rules:
        for file in files:
            try:
                content = file.read_bytes()
            except OSError as error:
                sys.stderr.write(f"cannot_read: {file}: {why_not_read(error)}\n")
                status = os.EX_NOINPUT
                continue
            checked = check_file(file.name, content, today, rules)
            for code, field, sentence in checked.found:
                plain = f"{file}: {code}: {sentence}{f' [{field}]' if field else ''}"
                said = {"file": str(file), "code": code, "field": field, "message": sentence}
                sys.stdout.write(f"{json.dumps(said, ensure_ascii=False) if as_json else plain}\n")
            for note in checked.notes:
                sys.stderr.write(f"{file}: {note}\n")
            if checked.found:
                status = status or os.EX_DATAERR
            elif not as_json:
                sys.stdout.write(f"{file}: i orden\n")
    return status
