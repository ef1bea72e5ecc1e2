"""`python -m services.notifications document samples FOLDER`: a receipt of sign-up, and the calendar mails."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from services.notifications.adapters import receipt
from services.notifications.adapters.messages import as_stored
from services.notifications.domain.samples import receipt_letter
from services.notifications.entrypoints import calendar_commands
from shared.base.cause import Cause
from shared.base.files import write_all

RECEIPT = "kvittering.pdf"


def document(argv: Sequence[str]) -> int:
    """The same bytes each time, on every machine."""
    parser = argparse.ArgumentParser(prog="python -m services.notifications document", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("samples", help="write one of each kind").add_argument("folder", type=Path)
    folder: Path = parser.parse_args(argv).folder
    return write_all(folder, samples())


def samples() -> dict[str, bytes]:
    """By path in the folder."""
    message = as_stored(receipt_letter(), Cause("", None, None))
    made = receipt.write(message.name, message.says)
    if made is None:
        raise ValueError("the letter has no receipt")
    return {RECEIPT: made, **{f"calendar/{name}": content for name, content in calendar_commands.samples().items()}}
