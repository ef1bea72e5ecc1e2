"""What was asked and answered: a repeated request gets the stored answer, and its effect stays one.

The answer is written in the transaction of the effect, so that both are there or neither. While a request runs it
holds an advisory lock of its transaction; whoever comes with the same key meanwhile is told so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.base.problems import Problem, problem_of, refused_of
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.columns import sent
from shared.storage.retention import Rule
from shared.storage.tx import Pool, Tx

STORED_DAYS = 30
"""Machine time; after that a key may be used for something else."""


@dataclass(frozen=True, slots=True)
class Request:
    """`key` is unique for its principal and for what was asked: the fingerprint tells whether it is the same."""

    principal: str
    key: str
    fingerprint: bytes
    route: str
    command: Command
    cause: Cause
    status: int

    @property
    def lock(self) -> int:
        digest = hashlib.sha256(f"request\0{self.principal}\0{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is the JSON text exactly as it is sent, now and every time the request is repeated."""

    status: int
    body: str
    correlation_id: str
    location: str | None = None
    refused: bool = False
    replayed: bool = False

    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.body)
        return body

    def refusal(self) -> Refused | None:
        return refused_of(self.json()) if self.refused else None


_SETTLED = {
    "key": "text",
    "principal": "text",
    "fingerprint": "bytea",
    "route": "text",
    "command": "text",
    "status": "smallint",
    "body": "text",
    "location": "text",
    "refused": "boolean",
    "correlation_id": "text",
    "actor": "text",
}


def fingerprint(route: str, command: Command, drawn: frozenset[str] = frozenset()) -> bytes:
    """Equal for requests that ask for the same; fields left at their default do not count, nor `drawn` ones."""
    said = command.model_dump(mode="json", exclude_defaults=True, exclude=set(drawn))
    return hashlib.sha256(f"{route}\n{json.dumps(said, sort_keys=True, ensure_ascii=False)}".encode()).digest()


def reply_of(request: Request, outcome: Answer | Refused) -> Reply:
    correlation_id = request.cause.correlation_id
    if isinstance(outcome, Refused):
        body = json.dumps(problem_of(outcome, correlation_id), ensure_ascii=False)
        return Reply(outcome.status, body, correlation_id, refused=True)
    body = json.dumps(outcome.body, ensure_ascii=False, default=str)
    return Reply(outcome.status or request.status, body, correlation_id, outcome.location)


async def begin(tx: Tx, requests: Sequence[Request]) -> list[Reply | Problem | None]:
    """For each request: its stored reply, why it cannot be done (in flight, other body), or None = it is ours to do.

    No two of them have the same principal and key. The locks end with the transaction.
    """
    locked = await tx.fetch(
        "SELECT asked.lock, pg_try_advisory_xact_lock(asked.lock) AS ours FROM unnest($1::bigint[]) AS asked (lock)",
        [request.lock for request in requests],
    )
    ours = {row["lock"] for row in locked if row["ours"]}
    # A statement of its own: only a snapshot taken after the lock sees what the one before us committed.
    stored = await tx.fetch(
        """
        SELECT principal, key, fingerprint, status, body, location, refused, correlation_id
        FROM http_requests JOIN unnest($1::text[], $2::text[]) AS asked (key, principal) USING (key, principal)
        """,
        [request.key for request in requests],
        [request.principal for request in requests],
    )
    known = {(row["principal"], row["key"]): row for row in stored}
    found: list[Reply | Problem | None] = []
    for request in requests:
        row = known.get((request.principal, request.key))
        if row is not None and row["fingerprint"] != request.fingerprint:
            found.append(Problem(422, "idempotency_key_reused"))
        elif row is not None:
            found.append(
                # One of this very request is not: its COMMIT was made, and only the word of it was lost.
                Reply(
                    row["status"],
                    row["body"],
                    row["correlation_id"],
                    row["location"],
                    row["refused"],
                    replayed=row["correlation_id"] != request.cause.correlation_id,
                )
            )
        elif request.lock not in ours:
            found.append(Problem(409, "request_in_flight", headers={"Retry-After": "1"}))
        else:
            found.append(None)
    return found


async def load_answer(tx: Tx, principal: str, key: str) -> Any:
    """What this principal was answered under the key, as long as that is kept; None = nothing, or a "no"."""
    row = await tx.fetchrow(
        "SELECT body FROM http_requests WHERE key = $1 AND principal = $2 AND NOT refused", key, principal
    )
    return None if row is None else json.loads(row["body"])


async def was_done(pool: Pool, key: str, principal: str | None) -> bool:
    """Whether what was asked for under the key was done; None = whoever asked."""
    return bool(
        await pool.fetchval(
            "SELECT 1 FROM http_requests WHERE key = $1 AND ($2::text IS NULL OR principal = $2) AND NOT refused",
            key,
            principal,
        )
    )


async def store(tx: Tx, settled: Sequence[tuple[Request, Reply]]) -> None:
    """Write down the answers, and who asked (without what was said)."""
    if not settled:
        return
    source, arguments = sent(
        {
            "key": [request.key for request, _ in settled],
            "principal": [request.principal for request, _ in settled],
            "fingerprint": [request.fingerprint for request, _ in settled],
            "route": [request.route for request, _ in settled],
            "command": [getattr(request.command, "type", type(request.command).__name__) for request, _ in settled],
            "status": [reply.status for _, reply in settled],
            "body": [reply.body for _, reply in settled],
            "location": [reply.location for _, reply in settled],
            "refused": [reply.refused for _, reply in settled],
            "correlation_id": [reply.correlation_id for _, reply in settled],
            "actor": [request.cause.actor for request, _ in settled],
        },
        _SETTLED,
    )
    await tx.execute(
        f"""
        WITH settled AS (SELECT * FROM {source}), audited AS (
            INSERT INTO audit (principal, actor, route, command, status, correlation_id)
            SELECT principal, actor, route, command, status, correlation_id FROM settled
        )
        INSERT INTO http_requests (key, principal, fingerprint, status, body, location, refused, correlation_id)
        SELECT key, principal, fingerprint, status, body, location, refused, correlation_id FROM settled
        """,
        *arguments,
    )


RULES = (
    Rule(
        "http_requests",
        STORED_DAYS,
        """
        DELETE FROM http_requests WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM http_requests
            WHERE stored_at < now() - make_interval(days => $1) ORDER BY stored_at LIMIT $2
        ))
        """,
    ),
    Rule(
        "attempts",
        1,
        """
        DELETE FROM attempts WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM attempts
            WHERE since < now() - make_interval(days => $1) ORDER BY since LIMIT $2
        ))
        """,
    ),
)
"""What is forgotten of requests, and of attempts at forms (`shared.web.gate`)."""
