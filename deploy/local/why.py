"""`tovholder why ID`: from any mail, invoice line or place back over its causes to the event and the person behind it.

Every service says over HTTP what an id is to it (`GET /api/<service>/why?id=…`); from there each cause is an event,
which the service that told it and those that heard it know. One that does not answer is asked by `python -m
services.<name> why ID`, which takes some seconds.

It imports little: most of the time that such a question takes would else be Python reading libraries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from rich.tree import Tree

from deploy.local import words

FARTHEST = 100
"""So many causes back at most; a longer chain would be a circle."""
ANSWER_S = 5.0

Known = dict[str, Any]
"""What one service knows about an id: effect, told, heard, followed."""
Event = Mapping[str, Any]
Find = Callable[[str], Event | None]
Ask = Callable[[str, str], Known | None]
"""(service, id); None when it can't be asked."""


class NoAnswer(Exception):  # noqa: N818  (what happened, for the caller to go round)
    """The service is away, or does not want to answer."""


def over_http(gateway: str, token: str, service: str, sought: str) -> Known:
    """What one service knows. Raises NoAnswer."""
    at = urlsplit(gateway)
    connection = HTTPConnection(at.hostname or "", at.port, timeout=ANSWER_S)
    try:
        path = f"/api/{service}/why?{urlencode({'id': sought})}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        known: Known | None = decode(answer.read().decode()) if answer.status == 200 else None  # noqa: PLR2004  (HTTP's OK)
    except (OSError, HTTPException, UnicodeDecodeError) as error:
        raise NoAnswer(service) from error
    finally:
        connection.close()
    if known is None:
        raise NoAnswer(service)
    return known


class Installation:
    """The services of one installation, asked at the same time; what was asked once is remembered."""

    def __init__(self, services: Sequence[str], ask: Ask) -> None:
        self._services = tuple(services)
        self._ask = ask
        self._asked: dict[str, list[Known]] = {}

    def answers(self, sought: str) -> list[Known]:
        """What each service that could be asked knows, which may be nothing."""
        if sought not in self._asked:
            with ThreadPoolExecutor(len(self._services)) as pool:
                known = list(pool.map(lambda service: self._ask(service, sought), self._services))
            self._asked[sought] = [one for one in known if one is not None]
        return self._asked[sought]

    def event(self, sought: str) -> Event | None:
        """The event, from whoever told or heard it."""
        found: list[Event] = [event for one in self.answers(sought) for event in (*one["told"], *one["heard"])]
        return next(iter(found), None)

    def explain(self, what: str) -> Tree | None:
        """The whole story as a tree, in Danish; None when nobody knows the id."""
        known = [one for one in self.answers(what) if one["effect"] or one["told"] or one["heard"] or one["followed"]]
        if not known:
            return None
        effects = [one["effect"] for one in known if one["effect"]]
        # An effect has a cause; an event is itself the first link.
        starts = [effect["causation_id"] for effect in effects] or [what]
        return draw(what, known, [chain(start, self.event) for start in starts])


def chain(first: str | None, find: Find) -> list[Event]:
    """The causes, nearest first. Ends where an id is no event of ours: a request, or another system's own doing."""
    found: list[Event] = []
    seen: set[str] = set()
    sought = first
    while sought and sought not in seen and len(found) < FARTHEST:
        seen.add(sought)
        event = find(sought)
        if event is None:
            break
        found.append(event)
        sought = event["causation_id"]
    return found


def draw(what: str, known: Sequence[Known], chains: Sequence[Sequence[Event]]) -> Tree:
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
    return f"{event['when']}  {words.happened(event['type'])}  ({event['subject']}, {event['id']})"


def decode(output: str) -> Known | None:
    """A service's answer, which is its last line."""
    lines = output.strip().splitlines()
    try:
        found: Known = json.loads(lines[-1])
    except (IndexError, ValueError):
        return None
    return found
