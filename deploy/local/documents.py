"""Which service is asked about which document: invoices are `invoicing`'s, calendars and mails `notifications`'s."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.local import einvoice_rules
from deploy.local.errors import StackError

CALENDARS = (".ics", ".eml")


def samples(arguments: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Service and arguments of each command that makes samples in the folder."""
    if len(arguments) != 1:
        raise StackError("Nævn mappen, som eksemplerne skal skrives i: tovholder document samples MAPPE")
    folder = Path(arguments[0]).resolve()
    yield "invoicing", "document", "samples", str(folder)
    yield "notifications", "document", "samples", str(folder)


def checks(what: str, arguments: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Service and arguments of each command that checks some of the files."""
    files = [str(Path(file).resolve()) for file in arguments if not file.startswith("-")]
    if what != "check" or not files:
        raise StackError("Skriv show NUMMER, page NUMMER, samples MAPPE eller check FIL …")
    options = [option for option in arguments if option.startswith("-")]
    calendars = [file for file in files if Path(file).suffix.lower() in CALENDARS]
    others = [file for file in files if file not in calendars]
    if (rules := einvoice_rules.unpacked()) is not None:
        os.environ.setdefault("TOVHOLDER_EINVOICE_RULES", str(rules))
    if others:
        yield "invoicing", "document", "check", *others, *options
    if calendars:
        yield "notifications", "calendar", "check", *calendars, *options
