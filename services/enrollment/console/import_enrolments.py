"""`import-enrolments FILE --programme ID`: enrolments with their people from Excel or CSV, tried, and then written."""

from __future__ import annotations

import argparse
import asyncio
import base64
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.enrollment.console.import_addresses import Opening
from services.enrollment.usecases import import_enrolments as usecase
from shared.contracts.refusal import Refused


def import_enrolments(argv: Sequence[str], opening: Opening) -> int:
    """0 = read (and with --import written), 1 = something in the file is wrong and nothing is written."""
    parser = argparse.ArgumentParser(
        prog="import-enrolments",
        description="Indlæs tilmeldinger og deltagere fra Excel (.xlsx) eller CSV. Uden --import prøves filen kun.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--programme", required=True, help="forløbets id")
    parser.add_argument("--import", action="store_true", dest="write", help="gem, hvis der ingen fejl er")
    parser.add_argument("--mail", action="store_true", help="skriv til dem, der kommer med; ellers får ingen mail")
    asked = parser.parse_args(argv)
    try:
        content = base64.b64encode(asked.file.read_bytes()).decode()
    except OSError as error:
        sys.stderr.write(f"{asked.file}: {error.strerror}\n")
        return 1
    command = usecase.ImportEnrolments(
        programme_id=asked.programme, content=content, dry_run=not asked.write, mail=asked.mail
    )
    try:
        done = asyncio.run(_done(command, opening))
    except Refused as refused:
        lines = [refused.detail, *(error["detail"] for error in refused.extra.get("errors", ()))]
        sys.stderr.write("\n".join(lines) + "\n")
        return 1
    lines = [
        f"Række {one['row']}, {one['organisation']['name']}, {one['role']}: {one['text']}" for one in done["outcomes"]
    ]
    verb = "er indlæst" if asked.write else "kan indlæses; kør igen med --import for at gemme"
    lines.append(f"{done['rows']} rækker læst, {done['changed']} med ændringer, {done['refused']} kan ikke: {verb}.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


async def _done(command: usecase.ImportEnrolments, opening: Opening) -> dict[str, Any]:
    async with opening() as tx:
        return (await usecase.import_enrolments(tx, command)).body
