"""E-invoices in files: judged, and made as samples. Nothing here needs the service, its settings or its database."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from services.invoicing.adapters.einvoice.document_files import check_file, samples
from services.invoicing.adapters.einvoice.official_rules import FOLDER, OfficialRules
from shared.base.clock import DomainClock
from shared.base.files import why_not_read, write_all
from shared.contracts.time import day_of


def add_commands(document: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`check` and `samples`; `carry_out` of what is parsed gives the exit status (65 = a file is not in order)."""
    making = document.add_parser("samples", help="write one of each kind: PDF, and e-invoice in every format")
    making.add_argument("folder", type=Path)
    making.set_defaults(carry_out=_samples)
    checking = document.add_parser("check", help="say what is wrong with e-invoices (XML), and with PDFs that hold one")
    checking.add_argument("files", nargs="+", type=Path)
    checking.add_argument("--json", action="store_true", help="one object a line, for programs")
    checking.set_defaults(carry_out=_check)


def _samples(asked: argparse.Namespace) -> int:
    """The same bytes each time, on every machine."""
    return write_all(asked.folder, samples())


def _check(asked: argparse.Namespace) -> int:
    """Every file that can be read is judged."""
    status = os.EX_OK
    today = day_of(DomainClock().now())
    rules_folder = os.environ.get(FOLDER)
    with OfficialRules(Path(rules_folder) if rules_folder else None) as rules:
        for file in asked.files:
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
                sys.stdout.write(f"{json.dumps(said, ensure_ascii=False) if asked.json else plain}\n")
            for note in checked.notes:
                sys.stderr.write(f"{file}: {note}\n")
            if checked.found:
                status = status or os.EX_DATAERR
            elif not asked.json:
                sys.stdout.write(f"{file}: i orden\n")
    return status
