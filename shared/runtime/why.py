"""Why something is as it is: what one service knows about an id, so that a chain can be followed back to a person."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import asyncpg

from shared.base.cause import Cause
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN
from shared.storage.tx import Tx
from shared.web.routes import Read, read

_SUBJECT = re.compile(r"[a-z]+([_-][a-z]+)*/(?P<id>.+)")

CONSEQUENCES = 50
"""Shown at most; `more` says that there are others."""

_COLUMNS = "event_id, source, type, {subject} AS subject, sequence, occurred_at, correlation_id, causation_id, actor"
_TOLD = _COLUMNS.format(subject="key")


class Effect(NamedTuple):
    """Something that a service made: a message, a claim, a meeting. `kind` and `title` are Danish, for people.

    `programme_id` None = it is of none: only whoever has a role in all of them is shown it.
    """

    kind: str
    title: str
    cause: Cause
    programme_id: str | None = None


class Told(NamedTuple):
    """An event that a service told or heard. `when` is Danish; `programme_id` where it says so itself."""

    id: str
    type: str
    subject: str
    when: str
    causation_id: str | None
    actor: str | None
    programme_id: str | None = None


class Story(NamedTuple):
    """Of one id: what it is to the service, the causes back from it (the nearest first), and what it led to."""

    effect: Effect | None
    event: Told | None
    because: tuple[Told, ...]
    followed: tuple[Told, ...]
    more: bool


Explain = Callable[[Tx, str], Awaitable[Effect | None]]
"""A service's own word on an id: what of its own it names, or None."""


@cache
def why_route(service: str, effect_of: Explain | None) -> Read:
    """`GET /api/<service>/why?id=…`. The id is a parameter, for one of an invoice line has a slash in it."""

    async def why(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
        return await explain(tx, service, effect_of, query["id"])

    return read(f"/api/{service}/why", why, required=("id",))


def spellings(sought: str) -> tuple[str, ...]:
    """The id as it was given, and the ids that people may mean by it.

    A mail shows its Message-ID (`<id@domain>`, RFC 5322 § 3.6.4), and an event its subject (`invoice/K-1`).
    """
    given = sought.strip()
    bare = given.removeprefix("<").removesuffix(">").partition("@")[0]
    subject = _SUBJECT.fullmatch(given)
    return tuple(dict.fromkeys(filter(None, (sought, bare, subject and subject["id"]))))


async def explain(tx: Tx, service: str, effect_of: Explain | None, sought: str) -> dict[str, Any]:
    """All that `service` knows about `sought`: an effect of its own, an event it told or heard, what followed.

    Of its spellings the first that is known counts. Reads only. Personal data appear in an effect's title at most.
    """
    known: dict[str, Any] = {}
    for spelling in spellings(sought):
        known = await _known(tx, service, effect_of, spelling)
        if known["effect"] or known["told"] or known["heard"] or known["followed"]:
            break
    return {**known, "id": sought}


FARTHEST = 30
"""So many causes back at most."""


async def story(tx: Tx, effect_of: Explain | None, sought: str) -> Story:
    """What this service knows of `sought`, as far back as it told or heard of the causes. Reads only."""
    effect, event, known = None, None, sought
    for spelling in spellings(sought):
        effect, event, known = await effect_of(tx, spelling) if effect_of else None, await _told(tx, spelling), spelling
        if effect or event:
            break
    because: list[Told] = []
    seen = {known}
    cause = effect.cause.causation_id if effect else event.causation_id if event else None
    while cause and cause not in seen and len(because) < FARTHEST:
        seen.add(cause)
        found = await _told(tx, cause)
        if found is None:
            break
        because.append(found)
        cause = found.causation_id
    rows = await tx.fetch(
        f"SELECT {_TOLD} FROM outbox WHERE causation_id = $1 UNION ALL "
        f"SELECT {_TOLD} FROM outbox_sent WHERE causation_id = $1 ORDER BY occurred_at LIMIT {CONSEQUENCES + 1}",
        known,
    )
    followed = tuple(_read(row, None) for row in rows[:CONSEQUENCES])
    return Story(effect, event, tuple(because), followed, len(rows) > CONSEQUENCES)


async def _told(tx: Tx, event_id: str) -> Told | None:
    """An event, and the programme that it names, if it was told here."""
    for table in ("outbox", "outbox_sent"):
        row = await tx.fetchrow(f"SELECT {_TOLD}, payload FROM {table} WHERE event_id = $1", event_id)
        if row is not None:
            return _read(row, _programme_in(row["payload"]))
    row = await tx.fetchrow(f"SELECT {_COLUMNS.format(subject='subject')} FROM inbox WHERE event_id = $1", event_id)
    return None if row is None else _read(row, None)


def _programme_in(payload: bytes) -> str | None:
    data = json.loads(payload).get("data", {})
    programme = data.get("programme")
    found = programme.get("id") if isinstance(programme, dict) else data.get("programme_id")
    return found if isinstance(found, str) else None


def _read(row: asyncpg.Record, programme_id: str | None) -> Told:
    return Told(
        row["event_id"],
        row["type"],
        row["subject"],
        _in_danish(row["occurred_at"]),
        row["causation_id"],
        row["actor"],
        programme_id,
    )


async def _known(tx: Tx, service: str, effect_of: Explain | None, sought: str) -> dict[str, Any]:
    effect = await effect_of(tx, sought) if effect_of else None
    told = await tx.fetch(
        f"SELECT {_TOLD} FROM outbox WHERE event_id = $1 UNION ALL "
        f"SELECT {_TOLD} FROM outbox_sent WHERE event_id = $1 UNION ALL "
        f"SELECT {_TOLD} FROM outbox_dead WHERE event_id = $1 UNION ALL "
        f"SELECT {_TOLD} FROM outbox_given_up WHERE event_id = $1",
        sought,
    )
    heard = await tx.fetch(
        f"SELECT {_COLUMNS.format(subject='subject')} FROM inbox WHERE event_id = $1",
        sought,
    )
    followed = await tx.fetch(
        f"SELECT {_TOLD} FROM outbox WHERE causation_id = $1 UNION ALL "
        f"SELECT {_TOLD} FROM outbox_sent WHERE causation_id = $1 ORDER BY occurred_at LIMIT {CONSEQUENCES + 1}",
        sought,
    )
    return {
        "service": service,
        "effect": _effect(effect),
        "told": [_event(row) for row in told],
        "heard": [_event(row) for row in heard],
        "followed": [_event(row) for row in followed[:CONSEQUENCES]],
        "more": len(followed) > CONSEQUENCES,
    }


def _effect(effect: Effect | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    cause = effect.cause
    return {
        "kind": effect.kind,
        "title": effect.title,
        "correlation_id": cause.correlation_id,
        "causation_id": cause.causation_id,
        "actor": cause.actor,
    }


def _event(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["event_id"],
        "source": row["source"],
        "type": row["type"],
        "subject": row["subject"],
        "sequence": row["sequence"],
        "time": row["occurred_at"].isoformat(),
        "when": _in_danish(row["occurred_at"]),
        "correlation_id": row["correlation_id"],
        "causation_id": row["causation_id"],
        "actor": row["actor"],
    }


def _in_danish(at: datetime) -> str:
    there = at.astimezone(COPENHAGEN)
    return f"{short_day(there.date())} kl. {clock(there.time())}"
