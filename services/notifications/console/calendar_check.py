"""`calendar check FILE…`: what is wrong with calendar files, or mails that hold one."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from services.notifications.adapters.calendar.mail_checks import check_file
from services.notifications.domain.calendar.replies import LARGEST_MAIL
from shared.base.files import why_not_read


def calendar(argv: Sequence[str]) -> int:
    """`argv` begins with `check`."""
    parser = argparse.ArgumentParser(prog="python -m services.notifications.console calendar", allow_abbrev=False)
    add_check(parser.add_subparsers(required=True))
    asked = parser.parse_args(argv)
    return check(asked.files, as_json=asked.json)


def add_check(what: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`check` among the commands of calendars."""
    parser = what.add_parser("check", help="say what is wrong with calendar files, or mails that hold one")
    parser.add_argument("files", nargs="+", help="- reads standard input")
    parser.add_argument("--json", action="store_true", help="one object a line, for machines")


def check(files: Sequence[str], *, as_json: bool) -> int:
    """The exit status of sysexits.h: 65 = something is wrong in one of them, 66 = one cannot be read."""
    status = os.EX_OK
    for file in files:
        try:
            content = read(file)
        except OSError as error:
            sys.stderr.write(f"cannot_read: {file}: {why_not_read(error)}\n")
            status = os.EX_NOINPUT
            continue
        found = check_file(content)
        for finding in found:
            said = {"file": file, "code": finding.code, "field": finding.field, "message": finding.detail}
            plain = f"{file}: {finding.code}: {finding.detail}{f' [{finding.field}]' if finding.field else ''}"
            sys.stdout.write(f"{json.dumps(said, ensure_ascii=False) if as_json else plain}\n")
        if found:
            status = status or os.EX_DATAERR
        elif not as_json:
            sys.stdout.write(f"{file}: i orden\n")
    return status


def read(file: str) -> bytes:
    """The file, or standard input for `-`; one that is too large is cut just after the limit."""
    if file == "-":
        return sys.stdin.buffer.read(LARGEST_MAIL + 1)
    with Path(file).open("rb") as opened:
        return opened.read(LARGEST_MAIL + 1)
