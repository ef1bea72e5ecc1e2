"""Tables that people made in Excel (.xlsx or CSV), taken apart by a process of its own."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import subprocess
import sys
from pathlib import Path

from services.enrollment.domain.sheet import Cell, Odd
from shared.contracts.refusal import Refused

PROCESS = Path(__file__).with_name("spreadsheet_process.py")
DEADLINE_S = 30
"""Of one file; the process ends itself long before, unless it is kept from running."""
TOO_MUCH = "Filen er for stor eller for indviklet til at blive læst. Gem den som CSV, og send den igen."
UNREADABLE = "Filen er ikke en læsbar Excel-fil (.xlsx)."


class SpreadsheetError(ValueError):
    """The file cannot be read; the message says why in Danish."""


async def read_table(content: bytes) -> tuple[list[str], list[list[Cell]]]:
    """(headings, rows) of the first sheet; what a file is made to do, it does to another process, which has limits."""
    return await asyncio.to_thread(_read, content)


async def require_table(content: str) -> tuple[list[str], list[list[Cell]]]:
    """As `read_table`, of a file in base64; Refused 422 with the reason if it is none."""
    try:
        return await read_table(base64.b64decode(content.encode(), validate=True))
    except binascii.Error as error:
        raise Refused("not_base64", "Indholdet skal være base64.", status=422, field="content") from error
    except SpreadsheetError as error:
        raise Refused("unreadable_file", str(error), status=422, field="content") from error


def _read(content: bytes) -> tuple[list[str], list[list[Cell]]]:
    try:
        done = subprocess.run(  # noqa: S603 # our own interpreter and file
            [sys.executable, "-I", str(PROCESS)],
            input=content,
            stdout=subprocess.PIPE,
            # What the reader has to say there may quote the file.
            stderr=subprocess.DEVNULL,
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SpreadsheetError(TOO_MUCH) from None
    if done.returncode < 0:  # a signal: the kernel ended it
        raise SpreadsheetError(TOO_MUCH)
    if done.returncode > 0:
        raise SpreadsheetError(UNREADABLE)
    said = json.loads(done.stdout)
    if "failed" in said:
        raise SpreadsheetError(said["failed"])
    return said["heading"], [[one if isinstance(one, str) else Odd(*one) for one in row] for row in said["rows"]]
