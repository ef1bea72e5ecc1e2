"""`python -m services.notifications calendar …`: replies that come in, and calendar files to make and to check."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from services.notifications.console.calendar_check import add_check, check, read
from services.notifications.usecases.make_samples import make_calendar_samples
from services.notifications.usecases.note_answer import note_answer
from services.notifications.usecases.read_answers import read_answers
from shared.base.cause import Cause, new_correlation
from shared.base.failures import Failure, classify
from shared.base.files import why_not_read, write_all
from shared.base.listing import CURSOR
from shared.contracts.refusal import Refused
from shared.runtime.service import Host

_log = structlog.get_logger()

OpenHost = Callable[[], Awaitable[Host]]


class NotSetUpError(Exception):
    """The environment lacks these settings, or holds something else there."""


def calendar(argv: Sequence[str], open_host: OpenHost) -> int:
    """The exit status: 0, or one of sysexits.h, which a mail server's pipe understands (65 = for good, 75 = later)."""
    parser = argparse.ArgumentParser(prog="python -m services.notifications calendar", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    reply = what.add_parser("reply", help="take a mail in which a calendar answers an invitation")
    reply.add_argument("file", help="the whole mail; - reads it from standard input, as a mail server's pipe gives it")
    answers = what.add_parser("answers", help="who has answered the invitation to a meeting")
    answers.add_argument("meeting_id")
    making = what.add_parser("samples", help="write one of each kind: the calendar file, and the whole mail")
    making.add_argument("folder", type=Path)
    add_check(what)
    asked = parser.parse_args(argv)
    match asked.what:
        case "reply":
            return _reply(asked.file, open_host)
        case "answers":
            return asyncio.run(_answers(asked.meeting_id, open_host))
        case "samples":
            return write_all(asked.folder, make_calendar_samples())
        case _:
            return check(asked.files, as_json=asked.json)


def _reply(file: str, open_host: OpenHost) -> int:
    try:
        mail = read(file)
    except OSError as error:
        sys.stderr.write(f"cannot_read: {why_not_read(error)}\n")
        return os.EX_NOINPUT
    try:
        body = asyncio.run(_note(mail, open_host))
    except Refused as refused:
        sys.stderr.write(f"{refused.code}: {refused.detail}\n")
        return os.EX_DATAERR
    except NotSetUpError as error:
        _log.error("calendar_reply_failed", alarm=True, error="not_set_up")
        # Nor is the mail to blame for this: the mail server keeps it until the setting is there.
        sys.stderr.write(f"not_set_up: Svaret kan ikke gemmes, før kommandoen har fået indstillingen {error}.\n")
        return os.EX_TEMPFAIL
    except Exception as error:  # noqa: BLE001  (the edge: what is printed may go to the sender, and a trace never should)
        if classify(error) is not Failure.TRANSIENT:
            _log.error("calendar_reply_failed", alarm=True, error=type(error).__name__)
        # The mail server keeps the mail and tries again.
        sys.stderr.write("unavailable: Svaret kan ikke gemmes lige nu. Prøv igen om lidt.\n")
        return os.EX_TEMPFAIL
    sys.stdout.write(f"{body['outcome']}: {body['detail']}\n")
    return os.EX_OK


async def _note(mail: bytes, open_host: OpenHost) -> dict[str, Any]:
    try:
        host = await open_host()
    except ValidationError as error:
        raise NotSetUpError(", ".join(f"TOVHOLDER_{one['loc'][0]}".upper() for one in error.errors())) from None
    try:
        async with host.transaction(Cause(new_correlation(), None, "mail")) as tx:
            return (await note_answer(tx, mail)).body
    finally:
        await host.pool.close()


async def _answers(meeting_id: str, open_host: OpenHost) -> int:
    host = await open_host()
    try:
        query = {"meeting_id": meeting_id}
        while True:
            async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
                found = await read_answers(tx, query)
            for one in found["invited"]:
                sys.stdout.write(f"{one['title']:<16} {one['organisation']}: {one['name']}\n")
            if found["next"] is None:
                return 0
            query[CURSOR] = found["next"]
    except Refused as refused:
        sys.stderr.write(f"{refused.detail}\n")
        return 1
    finally:
        await host.pool.close()
