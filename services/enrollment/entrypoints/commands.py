"""What this service does on the command line: `python -m services.enrollment check|import-addresses …`."""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.enrollment.usecases.check_programme import run
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from shared.base.cause import Cause
from shared.base.clock import DomainClock
from shared.base.ids import new_id
from shared.contracts.refusal import Refused
from shared.runtime.settings import ServiceSettings
from shared.storage.pool import open_pool
from shared.storage.tx import transaction

_SOURCE = "/tovholder/enrollment"


def check_files(argv: Sequence[str]) -> int:
    """0 = every file can be published, 1 = findings block one, 2 = one cannot be read."""
    parser = argparse.ArgumentParser(prog="check", description="Tjek forløbsfiler.")
    parser.add_argument("files", nargs="+", help="filer eller mapper")
    parser.add_argument("--json", action="store_true", help="skriv fundene som JSON")
    asked = parser.parse_args(argv)
    return run(asked.files, json=asked.json)


def import_file(argv: Sequence[str]) -> int:
    """0 = read (and with --import written), 1 = something in the file is wrong and nothing is written."""
    parser = argparse.ArgumentParser(
        prog="import-addresses",
        description="Indlæs adressebogen fra Excel (.xlsx) eller CSV. Uden --import prøves filen kun.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--import", action="store_true", dest="write", help="gem, hvis der ingen fejl er")
    asked = parser.parse_args(argv)
    try:
        content = base64.b64encode(asked.file.read_bytes()).decode()
    except OSError as error:
        sys.stderr.write(f"{asked.file}: {error.strerror}\n")
        return 1
    try:
        done = asyncio.run(_import(ImportAddresses(content=content, dry_run=not asked.write)))
    except Refused as refused:
        lines = [refused.detail, *(error["detail"] for error in refused.extra.get("errors", ()))]
        sys.stderr.write("\n".join(lines) + "\n")
        return 1
    verb = "er indlæst" if asked.write else "kan indlæses; kør igen med --import for at gemme"
    sys.stdout.write(f"{done['rows']} rækker læst, {done['changed']} med ændringer: {verb}.\n")
    return 0


async def _import(command: ImportAddresses) -> dict[str, Any]:
    settings = ServiceSettings()
    pool = await open_pool(settings.database_url.get_secret_value(), "import-addresses", size=1)
    try:
        async with transaction(pool, DomainClock(), _SOURCE, Cause(new_id(), None, "operator")) as tx:
            return (await import_addresses(tx, command)).body
    finally:
        await pool.close()
