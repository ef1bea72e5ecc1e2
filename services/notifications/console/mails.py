"""`python -m services.notifications mail …`: what an operator decides about mails, on the command line."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from services.notifications.adapters.composer import Composer
from services.notifications.adapters.mime import Attachment
from services.notifications.domain.letter import TITLES
from services.notifications.domain.message import Message
from services.notifications.usecases.read_mails import read_files, read_mail, read_mails
from services.notifications.usecases.settle_message import ResendMessage, SettleMessage, resend_message, settle_message
from shared.base.cause import Cause, new_correlation
from shared.base.files import deliver, kind_wanted
from shared.contracts.refusal import Refused
from shared.runtime.service import Host

_KINDS: dict[str, str] = {"txt": "tekst", "eml": "mail", "ics": "kalender", "pdf": "PDF"}


def mail(argv: Sequence[str], open_host: Callable[[], Awaitable[Host]], composer: Callable[[Host], Composer]) -> int:
    """The exit status: 0, 1 with a sentence on stderr, or one of sysexits.h."""
    parser = argparse.ArgumentParser(prog="python -m services.notifications mail", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    listing = what.add_parser("list", help="mails whose fate is unknown, or that failed")
    listing.add_argument("--state", action="append", help="others than those (may be repeated)")
    listing.add_argument("--limit", type=int, default=100, help="so many at a time, at most 500")
    listing.add_argument("--before", type=int, help="the next page, as the page before it says")
    show = what.add_parser("show", help="one mail as it goes out, or its calendar, or the PDF with it")
    show.add_argument("id", help="the message's, or the Message-ID of the mail")
    show.add_argument("--as", dest="kind", choices=_KINDS, help="which of these; else as --out is named, else txt")
    show.add_argument("--out", type=Path, help="file to write")
    what.add_parser("resend", help="send it (again)").add_argument("id")
    what.add_parser("settle", help="it was dealt with; never send it").add_argument("id")
    return asyncio.run(_run(parser.parse_args(argv), open_host, composer))


async def _run(
    asked: argparse.Namespace, open_host: Callable[[], Awaitable[Host]], composer: Callable[[Host], Composer]
) -> int:
    host = await open_host()
    cause = Cause(new_correlation(), None, "operator")
    try:
        async with host.transaction(cause) as tx:
            if asked.what == "list":
                states = asked.state or ["unknown", "failed"]
                found, following = await read_mails(tx, states, asked.limit, asked.before)
                for message in found:
                    sys.stdout.write(_line(message))
                if following is not None:
                    sys.stderr.write(f"Der er flere: --before {following}\n")
            elif asked.what == "show":
                message = await read_mail(tx, asked.id)
                return _show(composer(host), message, await read_files(tx, message), asked.kind, asked.out)
            elif asked.what == "resend":
                await resend_message(tx, ResendMessage(message_id=asked.id))
            else:
                await settle_message(tx, SettleMessage(message_id=asked.id))
    except Refused as refused:
        sys.stderr.write(f"{refused.detail}\n")
        return 1
    finally:
        await host.pool.close()
    return 0


def _line(message: Message) -> str:
    whom = message.says.get("organisation") or message.recipient
    title = TITLES.get(message.template, message.template)
    what = f"{message.written_at:%Y-%m-%d}  {title}: {whom}"
    return f"{message.id}  {message.state:<8} {message.reply or '-':<16} {what}\n"


def _show(composer: Composer, message: Message, files: Sequence[Attachment], kind: str | None, out: Path | None) -> int:
    """The exit status: 1 = there is no such thing in the mail, or one of sysexits.h."""
    kind = kind_wanted(kind, out, _KINDS, "txt")
    if kind is None:
        return os.EX_USAGE
    content = composer.file(message, kind, files)
    if content is None:
        sys.stderr.write(f"not_in_the_mail: Mailen har ingen {_KINDS[kind]}.\n")
        return 1
    return deliver(content, out, message.id, kind)
