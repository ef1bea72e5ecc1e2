"""`document samples FOLDER` and `calendar samples FOLDER`: one of each kind, the same bytes each time."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.notifications.usecases.make_samples import make_calendar_samples, make_samples
from shared.base.files import write_all


def document(argv: Sequence[str]) -> int:
    """`argv` begins with `samples`: a receipt of sign-up, and the calendars."""
    return _write("document", argv, make_samples)


def calendar(argv: Sequence[str]) -> int:
    """`argv` begins with `samples`: of each kind the calendar file, and the whole mail."""
    return _write("calendar", argv, make_calendar_samples)


def _write(noun: str, argv: Sequence[str], make: Callable[[], Mapping[str, bytes]]) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m services.notifications.console {noun}", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("samples", help="write one of each kind").add_argument("folder", type=Path)
    folder: Path = parser.parse_args(argv).folder
    return write_all(folder, make())
