"""`import-addresses FILE`: the address book from Excel or CSV, tried first and then written."""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from services.enrollment.usecases import import_addresses as usecase
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

Opening = Callable[[], AbstractAsyncContextManager[Tx]]


def import_addresses(argv: Sequence[str], opening: Opening) -> int:
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
        done = asyncio.run(_done(usecase.ImportAddresses(content=content, dry_run=not asked.write), opening))
    except Refused as refused:
        lines = [refused.detail, *(error["detail"] for error in refused.extra.get("errors", ()))]
        sys.stderr.write("\n".join(lines) + "\n")
        return 1
    verb = "er indlæst" if asked.write else "kan indlæses; kør igen med --import for at gemme"
    lines = [f"{_whose(one)}: {'; '.join(column['text'] for column in one['columns'])}" for one in done["differences"]]
    lines.append(f"{done['rows']} rækker læst, {done['changed']} med ændringer: {verb}.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _whose(one: dict[str, Any]) -> str:
    unit = f", enheden {one['unit']}" if one["unit"] else ""
    return f"Række {one['row']}, {one['code']} {one['name']}{unit}"


async def _done(command: usecase.ImportAddresses, opening: Opening) -> dict[str, Any]:
    async with opening() as tx:
        return (await usecase.import_addresses(tx, command)).body
