"""Files: who may see those that we write, and those that people name on the command line, read and written.

Exit statuses are those of sysexits.h; each refusal is one line on standard error that begins with a stable code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

_BINARY = {"pdf"}
OTHERS = 0o077
"""The bits of a mode that open a file to anybody but its owner."""


def for_its_owner_alone() -> None:
    """From here on this process, and whatever it starts, makes files that nobody else can read; for every `main`."""
    os.umask(OTHERS)


def why_not_read(error: OSError) -> str:
    """A Danish sentence: what a person can do about it."""
    match error:
        case FileNotFoundError():
            return "Filen findes ikke. Se efter, om navnet er skrevet rigtigt."
        case IsADirectoryError():
            return "Det er en mappe. Nævn filerne i den."
        case PermissionError():
            return "Filen må ikke læses af den bruger, der kører kommandoen."
        case _:
            return f"Filen kan ikke læses ({error.strerror})."


def kind_wanted(asked: str | None, out: Path | None, kinds: Collection[str], otherwise: str) -> str | None:
    """What was asked for, else what the name of the file ends with; None = said to be none, and why."""
    kind = asked or (otherwise if out is None else out.suffix.removeprefix(".").lower())
    if kind not in kinds:
        sys.stderr.write(f"kind_unknown: {out}: Lad navnet ende på .{', .'.join(kinds)}, eller skriv --as.\n")
        return None
    if kind in _BINARY and out is None and sys.stdout.isatty():
        sys.stderr.write(f"binary_to_terminal: En {kind} kan ikke vises i en terminal. Skriv --out og en fil.\n")
        return None
    return kind


def deliver(content: bytes, out: Path | None, name: str, kind: str) -> int:
    """To standard output, or to the file, which is then said. The exit status."""
    if out is None:
        sys.stdout.buffer.write(content)
        return os.EX_OK
    try:
        out.write_bytes(content)
    except OSError as error:
        return _cannot_write(out, error)
    sys.stdout.write(f"{name} er skrevet som {kind} i {out} ({len(content)} bytes)\n")
    return os.EX_OK


def write_all(folder: Path, files: Mapping[str, bytes]) -> int:
    """By path in the folder, which is made. The exit status."""
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        return _cannot_write(folder, error)
    return os.EX_OK


def _cannot_write(where: Path, error: OSError) -> int:
    sys.stderr.write(f"cannot_write: {where}: Der kan ikke skrives her ({error.strerror}).\n")
    return os.EX_CANTCREAT
