"""`tovholder why ID`: from any mail, invoice line or place back over its causes to the event and the person behind it.

The services say what an id is to them (`python -m services.<name> why ID`); from there each cause is an event, found in
the outbox of the service that told it or the inbox of one that heard it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
from rich.tree import Tree

from deploy.local import words
from deploy.local.stack import Addresses
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN

FARTHEST = 100
"""So many causes back at most; a longer chain would be a circle."""

_TOLD = "SELECT event_id, type, key AS subject, occurred_at, causation_id, actor FROM {table} WHERE event_id = $1"
_HEARD = "SELECT event_id, type, subject, occurred_at, causation_id, actor FROM inbox WHERE event_id = $1"
EVENT = " UNION ALL ".join([*(_TOLD.format(table=table) for table in ("outbox", "outbox_sent", "outbox_dead")), _HEARD])

Event = Mapping[str, Any]
Find = Callable[[str], Awaitable[Event | None]]
Ask = Callable[[str], dict[str, Any] | None]
"""What one service knows about the id; None when it can't be asked."""


async def chain(first: str | None, find: Find) -> list[Event]:
    """The causes, nearest first. Ends where an id is no event of ours: a request, or another system's own doing."""
    found: list[Event] = []
    seen: set[str] = set()
    sought = first
    while sought and sought not in seen and len(found) < FARTHEST:
        seen.add(sought)
        event = await find(sought)
        if event is None:
            break
        found.append(event)
        sought = event["causation_id"]
    return found


async def find_in(urls: Mapping[str, str], sought: str) -> Event | None:
    """The event in whichever service's database has it."""
    for url in urls.values():
        connection = await asyncpg.connect(url)
        try:
            row = await connection.fetchrow(f"SELECT * FROM ({EVENT}) AS known LIMIT 1", sought)
        finally:
            await connection.close()
        if row is not None:
            return dict(row)
    return None


def answers(services: tuple[str, ...], ask: Ask) -> list[dict[str, Any]]:
    """What each service knows, of those that know something; asked at the same time."""
    with ThreadPoolExecutor(len(services)) as pool:
        known = pool.map(ask, services)
        return [one for one in known if one and (one["effect"] or one["told"] or one["heard"] or one["followed"])]


def explain(what: str, known: list[dict[str, Any]], addresses: Addresses) -> Tree:
    """The whole story as a tree, in Danish."""
    effects = [one["effect"] for one in known if one["effect"]]
    # An effect has a cause; an event is itself the first link.
    starts = [effect["causation_id"] for effect in effects] or [what]
    chains = [asyncio.run(chain(start, lambda sought: find_in(addresses.databases, sought))) for start in starts]
    return draw(what, known, chains)


def draw(what: str, known: list[dict[str, Any]], chains: list[list[Event]]) -> Tree:
    """The tree: what it is, why (nearest cause first), who is behind it, and what followed."""
    effects = [one["effect"] for one in known if one["effect"]]
    tree = Tree(", ".join(f"{effect['kind']}: {effect['title']}" for effect in effects) or what)
    actors = [effect["actor"] for effect in effects]
    for events in chains:
        branch = tree
        for event in events:
            branch = branch.add(f"fordi  {event_line(event)}")
        actors += [event["actor"] for event in reversed(events)]
    behind = next((actor for actor in actors if actor), None)
    tree.add(f"bag det står  {words.behind(behind)}")
    followed = {event["id"]: event for one in known for event in one["followed"]}
    if followed:
        branch = tree.add("det førte til")
        for event in followed.values():
            branch.add(f"{words.happened(event['type'])}  ({event['subject']}, {event['id']})")
    return tree


def event_line(event: Event) -> str:
    """One event in Danish: when, what, and in brackets what about and its id."""
    at = event["occurred_at"].astimezone(COPENHAGEN)
    when = f"{short_day(at.date())} kl. {clock(at.time())}"
    return f"{when}  {words.happened(event['type'])}  ({event['subject']}, {event['event_id']})"


def decode(output: str) -> dict[str, Any] | None:
    """A service's answer, which is its last line."""
    lines = output.strip().splitlines()
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        return None
    return found
