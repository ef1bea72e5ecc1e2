"""`python -m services.notifications mail …`: what an operator decides about mails, on the command line."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from services.notifications.adapters import messages
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.messages import Message
from services.notifications.domain.letter import TITLES
from services.notifications.usecases.settle_message import (
    ResendMessage,
    SettleMessage,
    find_message,
    resend_message,
    settle_message,
)
from shared.contracts.refusal import Refused
from shared.runtime.correlation import new_correlation
from shared.runtime.service import Host
from shared.storage.tx import Cause


def mail(argv: Sequence[str], open_host: Callable[[], Awaitable[Host]], composer: Callable[[Host], Composer]) -> int:
    """The exit status: 0, or 1 with a sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m services.notifications mail", allow_abbrev=False)
    what = parser.add_subparsers(dest="what", required=True)
    listing = what.add_parser("list", help="mails whose fate is unknown, or that failed")
    listing.add_argument("--state", action="append", help="others than those (may be repeated)")
    listing.add_argument("--limit", type=int, default=100)
    show = what.add_parser("show", help="one mail, as it goes out")
    show.add_argument("id")
    show.add_argument("--eml", action="store_true", help="the raw message")
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
                for message in await messages.find(tx, states=states, limit=asked.limit):
                    sys.stdout.write(_line(message))
            elif asked.what == "show":
                _show(composer(host), await find_message(tx, asked.id), raw=asked.eml)
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


def _show(composer: Composer, message: Message, *, raw: bool) -> None:
    if raw:
        sys.stdout.buffer.write(composer.mail(message).content)
        return
    texts = composer.texts(message)
    sys.stdout.write(f"{texts.subject}\n\n{texts.plain}")
