"""Why something is as it is: what one service knows about an id, so that a chain can be followed back to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from shared.runtime.correlation import new_correlation
from shared.storage.tx import Cause

if TYPE_CHECKING:
    import asyncpg

    from shared.runtime.service import Host

CONSEQUENCES = 50
"""Shown at most; `more` says that there are others."""

_COLUMNS = "event_id, source, type, {subject} AS subject, sequence, occurred_at, correlation_id, causation_id, actor"
_TOLD = _COLUMNS.format(subject="key")


class Effect(NamedTuple):
    """Something that a service made: a message, a claim, a meeting. `kind` and `title` are Danish, for people."""

    kind: str
    title: str
    cause: Cause


async def explain(host: Host, sought: str) -> dict[str, Any]:
    """All that this service knows about `sought`: an effect of its own, an event it told or heard, what followed.

    Reads only. Personal data appear in an effect's title at most.
    """
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        effect = await host.service.explain(tx, sought) if host.service.explain else None
        told = await tx.fetch(
            f"SELECT {_TOLD} FROM outbox WHERE event_id = $1 UNION ALL "
            f"SELECT {_TOLD} FROM outbox_sent WHERE event_id = $1 UNION ALL "
            f"SELECT {_TOLD} FROM outbox_dead WHERE event_id = $1",
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
        "service": host.service.name,
        "id": sought,
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
        "correlation_id": row["correlation_id"],
        "causation_id": row["causation_id"],
        "actor": row["actor"],
    }
