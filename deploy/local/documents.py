"""Which service is asked about which document: invoices are `invoicing`'s, calendars and mails `notifications`'s.

Files are judged and made by a service's console, which needs nothing of the service.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.local import einvoice_rules
from deploy.local.errors import StackError

CALENDARS = (".ics", ".eml")


def show(number: str, kind: str | None, out: Path | None) -> tuple[str, ...]:
    """Service and arguments of the command that shows one document, or writes it to a file."""
    return "invoicing", "document", "show", *_written_as(kind, out), "--", number


def mail(known_as: str, kind: str | None, out: Path | None) -> tuple[str, ...]:
    """Service and arguments of the command that shows a mail or something in it, or writes it to a file."""
    return "notifications", "mail", "show", *_written_as(kind, out), "--", known_as


def _written_as(kind: str | None, out: Path | None) -> Iterator[str]:
    if kind is not None:
        yield from ("--as", kind)
    if out is not None:
        yield from ("--out", str(out.absolute()))


def samples(folder: Path) -> Iterator[tuple[str, ...]]:
    """Service and arguments of each command that makes samples in the folder."""
    if str(folder).startswith("-"):
        raise StackError(f"{folder} ligner et tilvalg og ikke en mappe; skriv ./{folder}, hvis den hedder sådan.")
    yield "invoicing.console", "document", "samples", str(folder.absolute())
    yield "notifications.console", "document", "samples", str(folder.absolute())


def checks(files: Sequence[Path], *, as_json: bool) -> Iterator[tuple[str, ...]]:
    """Service and arguments of each command that checks some of the files."""
    options = ("--json",) if as_json else ()
    calendars = [str(file.absolute()) for file in files if file.suffix.lower() in CALENDARS]
    others = [str(file.absolute()) for file in files if file.suffix.lower() not in CALENDARS]
    if (rules := einvoice_rules.unpacked()) is not None:
        os.environ.setdefault("TOVHOLDER_EINVOICE_RULES", str(rules))
    if others:
        yield "invoicing.console", "document", "check", *options, *others
    if calendars:
        yield "notifications.console", "calendar", "check", *options, *calendars
