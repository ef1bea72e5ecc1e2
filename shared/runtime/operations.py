"""What an operator does by hand: look at what was not taken in or never sent, try it again or let it go; replay, why.

Each command prints JSON, one object or one per line, and its exit status says whether it was done. A list of nothing
is no line, and a sentence on stderr. One that goes on ends with a line that says so, with the cursor of its next page.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import asyncpg
from pydantic_core import to_json

from shared.base.cause import Cause, new_correlation
from shared.base.listing import Page, page_at
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import INTAKE_TOPIC, topic_of
from shared.contracts.refusal import Refused
from shared.messaging import dead_letters, unsendable
from shared.messaging.dead_letters import Act, Listed, NotDone
from shared.messaging.grants import read_grants
from shared.messaging.replay import replay
from shared.runtime.service import Host, Service, build_inbox, open_host
from shared.runtime.why import explain
from shared.storage.tx import Connection

ACTS: Mapping[str, Act] = {
    "retry": dead_letters.retry,
    "accept": dead_letters.accept,
    "discard": dead_letters.discard,
}

DONE, NOT_DONE = 0, 1
_LOOKING = frozenset({"list", "show"})


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`dlq`, `outbox`, `replay` and `why`."""
    dlq = commands.add_parser("dlq", help="events that could not be taken in, and those that a reader halted at")
    acts = dlq.add_subparsers(dest="act", metavar="act", required=True)
    _with_cursor(
        acts,
        "what a halted reader stands before, groups of open dead letters, each letter, and keys that wait for a "
        "missing event",
    )
    _with_number(
        acts,
        show="a dead letter whole; it may hold personal data",
        retry="take it in now, and then what waits behind it",
        accept="take it in now although it came after its turn",
        discard="never take it in; what waits behind it goes on",
        **{"set-aside": "let a halted reader go on without the event it stands before, which becomes a dead letter"},
    )
    for act, what in (("retry", "take in now"), ("discard", "never take in")):
        of_cause = acts.add_parser(f"{act}-cause", help=f"{what} all dead letters of a fingerprint; counts them first")
        of_cause.add_argument("fingerprint")
        of_cause.add_argument("count", type=_number, nargs="?", help="how many there are: without it nothing is done")
        of_cause.add_argument(
            "up_to", type=_number, nargs="?", help="up to which number: what comes later is left alone"
        )
    skip = acts.add_parser("skip-gap", help="go on without an event that will never come")
    skip.add_argument("subject")
    skip.add_argument("source")
    acts.add_parser("skip-beginnings", help="go on without the first events of all subjects that wait for theirs")
    outbox = commands.add_parser("outbox", help="events that Kafka never takes; each blocks its key")
    acts = outbox.add_subparsers(dest="act", metavar="act", required=True)
    _with_cursor(acts, "each of them, and how many wait behind it")
    _with_number(
        acts,
        show="one of them whole; it may hold personal data",
        retry="send it now, and then what waits behind it",
        discard="never send it; what waits behind it is sent, and every reader sees a gap",
    )
    again = commands.add_parser("replay", help="send again what was sent since a time (machine time, ISO 8601)")
    again.add_argument("--since", type=_instant, required=True)
    commands.add_parser("why", help="what this service knows about an id").add_argument("id")


def _with_cursor(acts: argparse._SubParsersAction[argparse.ArgumentParser], what: str) -> None:
    acts.add_parser("list", help=what).add_argument(
        "cursor", nargs="?", help="of the next page of one of these lists, as the page before it gives it"
    )


def _with_number(acts: argparse._SubParsersAction[argparse.ArgumentParser], **about: str) -> None:
    """Acts on the one that has this number."""
    for act, what in about.items():
        acts.add_parser(act, help=what).add_argument("number", type=_number)


def _number(text: str) -> int:
    """One that a row can have. argparse says that it is none."""
    found = int(text)
    if not 0 < found < 1 << 63:
        raise ValueError
    return found


def _instant(text: str) -> datetime:
    """A time with a zone, or UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def operate(service: Service, parsed: argparse.Namespace) -> int:
    """Run one of the commands of `add_parsers`."""
    host = await open_host(service, service.settings())
    try:
        match parsed.command:
            case "why":
                return await _why(host, parsed.id)
            case "replay":
                return await _replay(host, parsed.since)
            case "outbox":
                return await _outbox(host, parsed)
            case _:
                return await _dlq(host, parsed)
    except NotDone as why_not:
        sys.stderr.write(f"{service.name}: nothing was changed: {why_not}\n")
        return NOT_DONE
    finally:
        await host.pool.close()


def _tell(found: Any) -> None:
    sys.stdout.buffer.write(to_json(found) + b"\n")
    sys.stdout.flush()


async def _why(host: Host, sought: str) -> int:
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        known = await explain(tx, host.service.name, host.service.explain, sought)
    _tell(known)
    return DONE if known["effect"] or known["told"] or known["heard"] or known["followed"] else NOT_DONE


async def _replay(host: Host, since: datetime) -> int:
    settings = host.settings
    sent = await replay(
        settings.database_url.get_secret_value(),
        settings.kafka_access,
        since,
        topics=(topic_of(host.service.name), INTAKE_TOPIC),
        readers=[settings.prefix + topic_of(name) for name in SERVICES],
        prefix=settings.prefix,
    )
    _tell({"replayed": sent, "since": since})
    return DONE


async def _dlq(host: Host, parsed: argparse.Namespace) -> int:
    inbox = build_inbox(host)
    if parsed.act not in _LOOKING:
        # What is taken in now is judged by what its producer may tell now.
        inbox.granted = await read_grants(host.settings.kafka_access, host.settings.prefix)
    async with host.pool.acquire() as connection:
        match parsed.act:
            case "list":
                lists = {of: partial(load, connection, inbox.consumer) for of, load in dead_letters.LISTS.items()}
                if not await _list(lists, parsed.cursor):
                    sys.stderr.write(f"{host.service.name}: no dead letters, and no subject waits\n")
            case "show":
                await _show(connection, parsed.number)
            case "skip-gap":
                taken = await dead_letters.skip_gap(inbox, connection, parsed.subject, parsed.source)
                _tell({"subject": parsed.subject, "source": parsed.source, "taken_in": taken})
            case "skip-beginnings":
                subjects, left = await dead_letters.skip_beginnings(inbox, connection)
                _tell({"subjects": subjects, "left": left})
                return NOT_DONE if left else DONE
            case "set-aside":
                halt = await dead_letters.set_aside(inbox, connection, parsed.number)
                _tell({"act": parsed.act, **asdict(halt)})
            case "retry-cause" | "discard-cause":
                act = parsed.act.removesuffix("-cause")
                counted = None if parsed.up_to is None else (parsed.count, parsed.up_to)
                settled = await dead_letters.settle_cause(inbox, connection, parsed.fingerprint, ACTS[act], counted)
                _tell({"fingerprint": parsed.fingerprint, "act": act, **asdict(settled)})
                return NOT_DONE if settled.left else DONE
            case act:
                taken = await ACTS[act](inbox, connection, parsed.number)
                _tell({"dead_letter": parsed.number, "act": act, "taken_in": taken})
    return DONE


async def _outbox(host: Host, parsed: argparse.Namespace) -> int:
    async with host.pool.acquire() as connection:
        match parsed.act:
            case "list":
                if not await _list({unsendable.RECORDS.of: partial(unsendable.records, connection)}, parsed.cursor):
                    sys.stderr.write(f"{host.service.name}: no event that Kafka never takes\n")
            case "show":
                record, payload = await unsendable.show(connection, parsed.number)
                _tell({**asdict(record), "payload": _shown(payload)})
            case "retry":
                _tell(
                    {
                        "record": parsed.number,
                        "act": "retry",
                        "put_back": await unsendable.retry(connection, parsed.number),
                    }
                )
            case act:
                _tell(
                    {"record": parsed.number, "act": act, "freed": await unsendable.discard(connection, parsed.number)}
                )
    return DONE


async def _list(lists: Mapping[str, Callable[[Page], Awaitable[Listed[Any]]]], cursor: str | None) -> int:
    """The first page of each list, or the one that begins there; how many lines were printed."""
    try:
        pages = [Page(of) for of in lists] if cursor is None else [page_at(cursor, list(lists))]
        found = [(page.of, *await lists[page.of](page)) for page in pages]
    except (Refused, asyncpg.DataError) as error:
        raise NotDone("this is no cursor of these lists") from error
    count = 0
    for of, rows, following in found:
        for one in rows:
            _tell({"kind": of, **asdict(one)})
        if following is not None:
            _tell({"kind": "next", "of": of, "cursor": following})
        count += len(rows)
    return count


async def _show(connection: Connection, number: int) -> None:
    letter, key, value, headers = await dead_letters.show(connection, number)
    _tell({**asdict(letter), "key": _shown(key), "value": _shown(value), "headers": [_header(one) for one in headers]})


def _header(header: tuple[str, bytes | None]) -> list[str | None]:
    return [header[0], _shown(header[1])]


def _shown(raw: bytes | None) -> str | None:
    """Text as text; anything else as base64, with a word in front."""
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(raw).decode()
