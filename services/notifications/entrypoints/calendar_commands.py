"""`python -m services.notifications calendar …`: replies that come in, and calendar files to make and to check."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from services.notifications.adapters.reply_mail import LARGEST_MAIL
from services.notifications.usecases.list_answers import list_answers
from services.notifications.usecases.note_answer import note_answer
from shared.contracts.refusal import Refused
from shared.messaging.failures import Failure, classify
from shared.runtime.correlation import new_correlation
from shared.runtime.service import Host
from shared.storage.migrate import MigrationError
from shared.storage.tx import Cause

OpenHost = Callable[[], Awaitable[Host]]


def calendar(argv: Sequence[str], open_host: OpenHost) -> int:
    """The exit status: 0, or one of sysexits.h, which a mail server's pipe understands (65 = for good, 75 = later)."""
    parser = argparse.ArgumentParser(prog="python -m services.notifications calendar", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    reply = what.add_parser("reply", help="take a mail in which a calendar answers an invitation")
    reply.add_argument("file", help="the whole mail; - reads it from standard input, as a mail server's pipe gives it")
    answers = what.add_parser("answers", help="who has answered the invitation to a meeting")
    answers.add_argument("meeting_id")
    asked = parser.parse_args(argv)
    if asked.what == "reply":
        return _reply(asked.file, open_host)
    return asyncio.run(_answers(asked.meeting_id, open_host))


def _reply(file: str, open_host: OpenHost) -> int:
    try:
        mail = _read(file, LARGEST_MAIL + 1)
    except OSError as error:
        sys.stderr.write(f"cannot_read: Filen kan ikke læses ({error.strerror}).\n")
        return os.EX_NOINPUT
    try:
        body = asyncio.run(_note(mail, open_host))
    except Refused as refused:
        sys.stderr.write(f"{refused.code}: {refused.detail}\n")
        return os.EX_DATAERR
    except (OSError, MigrationError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if isinstance(error, asyncpg.PostgresError) and classify(error) is not Failure.TRANSIENT:
            raise
        # The mail server keeps the mail and tries again; what it is told may stand in a mail to the sender.
        sys.stderr.write("unavailable: Svaret kan ikke gemmes lige nu. Prøv igen om lidt.\n")
        return os.EX_TEMPFAIL
    sys.stdout.write(f"{body['outcome']}: {body['detail']}\n")
    return os.EX_OK


def _read(file: str, most: int) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(most)
    with Path(file).open("rb") as opened:
        return opened.read(most)


async def _note(mail: bytes, open_host: OpenHost) -> dict[str, Any]:
    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "mail")) as tx:
            return (await note_answer(tx, mail)).body
    finally:
        await host.pool.close()


async def _answers(meeting_id: str, open_host: OpenHost) -> int:
    host = await open_host()
    try:
        async with host.transaction(Cause(new_correlation(), None, "operator")) as tx:
            found = await list_answers(tx, {"meeting_id": meeting_id})
    except Refused as refused:
        sys.stderr.write(f"{refused.detail}\n")
        return 1
    finally:
        await host.pool.close()
    for one in found["invited"]:
        sys.stdout.write(f"{one['title']:<16} {one['organisation']}: {one['name']}\n")
    return 0
