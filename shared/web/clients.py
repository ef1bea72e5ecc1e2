"""Clients: other systems, and people, whose tokens are made, exchanged and revoked while the service runs.

Each service keeps its own (`clients`, `client_tokens`, `client_sources`): `enrollment` by what is asked of it, the
others by what it tells; `deploy.local.tokens` writes them in all of them at once. Machine time throughout. A name that
was used stays, with what it put in and its sources: nobody else gets them. So it is of the environment or made here,
and what it is once, staff's or a client's, it is for good: what staff put in would be shown to a client of their name.
Sources of producers on Kafka are kept beside those of tokens.

How a client stands is told as a whole (`ClientChanged`), with a version that only grows: whatever order it comes in,
each service ends where enrollment is. A token's end is never put off, so nothing that comes late brings one back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.base.listing import Page, Placed
from shared.contracts.enrollment import ClientChanged, ClientToken
from shared.storage.order import Order
from shared.storage.tx import Connection, Tx
from shared.web.scopes import STAFF
from shared.web.tokens import Principal, Tokens

OVERLAP = timedelta(hours=24)
"""How long an exchanged token goes on opening what it did, so that nothing stops meanwhile."""
_OUR_OWN = "/tovholder/"
_KEEP = "INSERT INTO clients (name, scopes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET name = excluded.name"
"""The name is there, and nobody else changes what it is until COMMIT."""


OPERATOR = "operator"
"""Who changes something at a terminal."""
ADDED, RENEWED, REVOKED = "token add", "token renew", "token revoke"
"""What was done, as the audit calls it (its `route`); its `command` is the client's name."""


NEWEST = 20
REFUSED_DAYS = 30
MOST_REFUSED = 1000
_BY_NAME = Order({"name": "text"})


class NotDoneError(Exception):
    """The sentence says why nothing was changed; `code` is stable."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Client:
    """`ends`: when each token made here that still opens something does not any more, the latest first."""

    name: str
    scopes: tuple[str, ...]
    sources: tuple[str, ...]
    ends: tuple[datetime, ...]
    in_environment: bool


async def load_clients(connection: Connection) -> list[Client]:
    """By name; also those whose tokens are all over."""
    rows = await connection.fetch(
        """
        SELECT name, scopes, in_environment,
            ARRAY(SELECT source FROM client_sources WHERE principal = 'token/' || name ORDER BY source) AS sources,
            ARRAY(SELECT expires_at FROM client_tokens WHERE client = name AND expires_at > clock_timestamp()
                  ORDER BY expires_at DESC) AS ends
        FROM clients ORDER BY name
        """
    )
    return [
        Client(row["name"], tuple(row["scopes"]), tuple(row["sources"]), tuple(row["ends"]), row["in_environment"])
        for row in rows
    ]


async def insert_token(
    connection: Connection,
    name: str,
    digest: bytes,
    scopes: Sequence[str],
    sources: Iterable[str],
    until: datetime,
    by: str = OPERATOR,
) -> None:
    """A client's first token, or its first after all others.

    NotDoneError if one is not over, a source is taken, or the name is another's.
    """
    # First of all: of two that come at once the second waits here, and sees what the first has made.
    (known,) = await connection.fetch(
        f"{_KEEP} RETURNING scopes, in_environment, made_at = now() AS is_new", name, list(scopes)
    )
    was_staff = STAFF in known["scopes"]
    if known["in_environment"]:
        raise NotDoneError(
            "name_in_environment", f"{name} is a name of the environment (TOVHOLDER_API_TOKENS): take another"
        )
    if was_staff != (STAFF in scopes):
        raise NotDoneError(
            "name_of_another", f"{name} is {'staff' if was_staff else 'a client'} for good: take another"
        )
    if known["is_new"] and await _was_heard_of(connection, name):
        raise NotDoneError(
            "name_in_environment", f"{name} was a name of the environment, before names were kept: take another"
        )
    live = await connection.fetchval(
        "SELECT count(*) FROM client_tokens WHERE client = $1 AND expires_at > clock_timestamp()", name
    )
    if live:
        raise NotDoneError("client_has_token", f"{name} has a token already: renew it, or revoke it first")
    await connection.execute("UPDATE clients SET scopes = $2 WHERE name = $1", name, list(scopes))
    await _grant(connection, f"token/{name}", sorted(set(sources)))
    await _insert(connection, name, digest, until, by)
    await _audit(connection, ADDED, name, by)


async def renew_token(connection: Connection, name: str, digest: bytes, until: datetime, by: str = OPERATOR) -> None:
    """Another token that opens the same; those there are end within OVERLAP. NotDoneError if there is none."""
    await _hold(connection, name)
    changed = await connection.execute(
        """
        UPDATE client_tokens SET expires_at = least(expires_at, clock_timestamp() + $2)
        WHERE client = $1 AND expires_at > clock_timestamp()
        """,
        name,
        OVERLAP,
    )
    if changed == "UPDATE 0":
        raise NotDoneError("no_token", f"{name} has no token that could be exchanged")
    await _insert(connection, name, digest, until, by)
    await _audit(connection, RENEWED, name, by)


async def revoke_tokens(connection: Connection, name: str, *, release: bool = False, by: str = OPERATOR) -> None:
    """None of them opens anything from now on; with `release` its sources can be granted to another."""
    await _hold(connection, name)
    changed = await connection.execute(
        "UPDATE client_tokens SET expires_at = clock_timestamp() WHERE client = $1 AND expires_at > clock_timestamp()",
        name,
    )
    freed = "DELETE 0"
    if release:
        freed = await connection.execute("DELETE FROM client_sources WHERE principal = $1", f"token/{name}")
    if changed == "UPDATE 0" and freed == "DELETE 0":
        raise NotDoneError("no_token", f"{name} has no token that could be revoked")
    await _audit(connection, REVOKED, name, by)


async def load_version(connection: Connection, name: str) -> int:
    """The number that how it stands was written down with here; 0 where it is not known, or never was told of."""
    found: int | None = await connection.fetchval("SELECT version FROM clients WHERE name = $1", name)
    return found or 0


async def stands(connection: Connection, name: str, beyond: int = 0) -> dict[str, Any] | None:
    """How it does now, as ClientChanged tells it: its version is after its own and after `beyond`. None = nobody is
    called so.

    A version is at least the milliseconds of the clock, so that a database that was restored goes on after the versions
    that the others have heard of.
    """
    row = await connection.fetchrow(
        """
        UPDATE clients SET version
            = greatest(version + 1, $2::bigint + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
        WHERE name = $1 RETURNING version, scopes,
            ARRAY(SELECT source FROM client_sources WHERE principal = 'token/' || name ORDER BY source) AS sources
        """,
        name,
        beyond,
    )
    if row is None:
        return None
    tokens = await connection.fetch(
        """
        SELECT encode(sha256, 'hex') AS sha256, made_at, expires_at FROM client_tokens
        WHERE client = $1 AND expires_at > clock_timestamp() ORDER BY expires_at, sha256
        """,
        name,
    )
    return {
        "client": name,
        "version": row["version"],
        "scopes": tuple(row["scopes"]),
        "sources": tuple(row["sources"]),
        "tokens": tuple(ClientToken(**dict(one)) for one in tokens),
    }


async def ends_in(connection: Connection, days: int) -> datetime:
    """So many days from now."""
    found: datetime = await connection.fetchval("SELECT clock_timestamp() + make_interval(days => $1)", days)
    return found


async def load_page(tx: Tx, page: Page) -> list[Placed[dict[str, Any]]]:
    """Those whose names come next: what each may, and when the tokens that open something end."""
    rows = await tx.fetch(
        f"""
        SELECT name, scopes, in_environment, made_at, {_BY_NAME.place},
            ARRAY(SELECT expires_at FROM client_tokens WHERE client = name AND expires_at > clock_timestamp()
                  ORDER BY expires_at DESC) AS ends
        FROM clients WHERE {_BY_NAME.after(1)} ORDER BY {_BY_NAME.by} LIMIT $2
        """,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _without_place(row)) for row in rows]


async def load_client(tx: Tx, name: str) -> dict[str, Any] | None:
    """What it may, and whose events it sends; None = nobody is called so."""
    row = await tx.fetchrow(
        """
        SELECT name, scopes, in_environment, made_at, last_used_at,
            ARRAY(SELECT source FROM client_sources WHERE principal = 'token/' || name ORDER BY source) AS sources
        FROM clients WHERE name = $1
        """,
        name,
    )
    return None if row is None else dict(row)


async def load_tokens(tx: Tx, name: str) -> list[dict[str, Any]]:
    """Of a client, those that open something first; at most NEWEST."""
    rows = await tx.fetch(
        """
        SELECT made_at, made_by, expires_at, last_used_at, expires_at > clock_timestamp() AS opens
        FROM client_tokens WHERE client = $1 ORDER BY expires_at > clock_timestamp() DESC, made_at DESC LIMIT $2
        """,
        name,
        NEWEST,
    )
    return [dict(row) for row in rows]


async def load_use(tx: Tx, page: Page, only: str | None = None) -> list[Placed[dict[str, Any]]]:
    """When each was here last, how often it was refused in REFUSED_DAYS (as far as MOST_REFUSED), and what last."""
    rows = await tx.fetch(
        f"""
        SELECT c.name, c.in_environment, c.last_used_at, c.stands_at, refused.times, latest.*
        FROM (
            SELECT name, in_environment, last_used_at, {_BY_NAME.place} FROM clients
            WHERE {_BY_NAME.after(1)} AND ($3::text IS NULL OR name = $3) ORDER BY {_BY_NAME.by} LIMIT $2
        ) c
        CROSS JOIN LATERAL (
            SELECT count(*) AS times FROM (
                SELECT at FROM audit WHERE principal = 'token/' || c.name AND status = 403 ORDER BY id DESC LIMIT $4
            ) newest WHERE at > now() - make_interval(days => $5)
        ) refused
        LEFT JOIN LATERAL (
            SELECT at AS refused_at, route AS refused_route, command AS refused_scope FROM audit
            WHERE principal = 'token/' || c.name AND status = 403 ORDER BY id DESC LIMIT 1
        ) latest ON true
        ORDER BY c.name
        """,
        page.after,
        page.wanted,
        only,
        MOST_REFUSED,
        REFUSED_DAYS,
    )
    return [(row["stands_at"], _without_place(row)) for row in rows]


def _without_place(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "stands_at"}


async def keep_clients(connection: Connection, told: Iterable[ClientChanged]) -> list[str]:
    """As enrollment told; what is older than what is known changes nothing. None that it leaves out opens anything.

    Returns the names that are somebody else's here, the environment's or (staff once, a client another time) their own:
    whatever token they had is over, and they get no other.
    """
    newest: dict[str, ClientChanged] = {}
    for one in told:
        if one.client not in newest or newest[one.client].version < one.version:
            newest[one.client] = one
    rows = await connection.fetch(
        """
        INSERT INTO clients AS c (name, scopes, version)
        SELECT name, scopes, version
        FROM jsonb_to_recordset($1::jsonb) AS told (name text, scopes text[], version bigint) ORDER BY name
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, scopes = CASE
            WHEN c.in_environment OR ($2 = ANY(c.scopes)) <> ($2 = ANY(excluded.scopes)) THEN c.scopes
            ELSE excluded.scopes END
        WHERE c.version < excluded.version
        RETURNING name, scopes, in_environment
        """,
        json.dumps([{"name": one.client, "scopes": one.scopes, "version": one.version} for one in newest.values()]),
        STAFF,
    )
    written = {row["name"] for row in rows}
    others = {
        row["name"] for row in rows if row["in_environment"] or tuple(row["scopes"]) != newest[row["name"]].scopes
    }
    ours = [newest[name] for name in sorted(written - others)]
    tokens = [(bytes.fromhex(token.sha256), one.client, token) for one in ours for token in one.tokens]
    await connection.execute(
        """
        UPDATE client_tokens SET expires_at = clock_timestamp()
        WHERE client = ANY($1::text[]) AND expires_at > clock_timestamp() AND NOT sha256 = ANY($2::bytea[])
        """,
        sorted(written),
        [digest for digest, _, _ in tokens],
    )
    await connection.execute(
        """
        INSERT INTO client_tokens AS t (sha256, client, made_at, expires_at)
        SELECT * FROM unnest($1::bytea[], $2::text[], $3::timestamptz[], $4::timestamptz[]) ORDER BY 1
        ON CONFLICT (sha256) DO UPDATE SET expires_at = least(t.expires_at, excluded.expires_at)
            WHERE t.client = excluded.client
        """,
        [digest for digest, _, _ in tokens],
        [client for _, client, _ in tokens],
        [token.made_at for _, _, token in tokens],
        [token.expires_at for _, _, token in tokens],
    )
    await _keep_sources(connection, ours)
    return sorted(others)


async def _keep_sources(connection: Connection, told: Sequence[ClientChanged]) -> None:
    """A source is whose it was told to be last, whoever is heard of first: versions go by one clock.

    One that enrollment did not give to who has it here, such as the environment's or a producer's, stays with them.
    """
    latest = {source: one for one in sorted(told, key=lambda one: one.version) for source in one.sources}
    granted = sorted((source, f"token/{one.client}") for source, one in latest.items())
    sources, principals = [source for source, _ in granted], [principal for _, principal in granted]
    await connection.execute(
        """
        DELETE FROM client_sources s WHERE principal = ANY($1::text[]) AND NOT EXISTS (
            SELECT FROM unnest($2::text[], $3::text[]) AS granted (source, principal)
            WHERE granted.source = s.source AND granted.principal = s.principal
        )
        """,
        [f"token/{one.client}" for one in told],
        sources,
        principals,
    )
    await connection.execute(
        """
        INSERT INTO client_sources AS s (source, principal) SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1
        ON CONFLICT (source) DO UPDATE SET principal = excluded.principal WHERE EXISTS (
            SELECT FROM clients had JOIN clients has ON 'token/' || has.name = excluded.principal
            WHERE 'token/' || had.name = s.principal AND NOT had.in_environment
                AND had.version > 0 AND had.version < has.version
        )
        """,
        sources,
        principals,
    )


async def keep_names(connection: Connection, tokens: Tokens) -> set[str]:
    """The names of the environment are kept for it, in place of those that were.

    Returns the principals whose name is another's: who has a token that was made here keeps the name, and nobody is
    staff once and a client another time.
    """
    wanted = {principal.name.removeprefix("token/"): principal for _, principal in tokens.by_digest}
    names = sorted(wanted)
    async with connection.transaction():
        await connection.executemany(_KEEP, [(name, sorted(wanted[name].scopes)) for name in names])
        # A statement of its own: whoever waited for another sees here what that one has made.
        rows = await connection.fetch(
            """
            SELECT name, scopes, EXISTS (
                SELECT FROM client_tokens WHERE client = name AND expires_at > clock_timestamp()
            ) AS made_here
            FROM clients WHERE name = ANY($1::text[])
            """,
            names,
        )
        others = {
            row["name"] for row in rows if row["made_here"] or (STAFF in row["scopes"]) != wanted[row["name"]].is_staff
        }
        ours = [name for name in names if name not in others]
        await connection.executemany(
            "UPDATE clients SET scopes = $2 WHERE name = $1", [(name, sorted(wanted[name].scopes)) for name in ours]
        )
        await connection.execute(
            """
            UPDATE clients SET in_environment = name = ANY($1::text[])
            WHERE in_environment IS DISTINCT FROM (name = ANY($1::text[]))
            """,
            ours,
        )
    return {wanted[name].name for name in others}


async def reserve_sources(connection: Connection, producer: str, sources: Iterable[str]) -> None:
    """No token speaks for what this producer on Kafka speaks for. NotDoneError if one does, or another producer."""
    await _grant(connection, _of_producer(producer), sorted(set(sources)))
    await _audit(connection, "producer add", producer, OPERATOR)


async def release_sources(connection: Connection, producer: str) -> bool:
    """They can be granted to another; whether there were any."""
    freed = await connection.execute("DELETE FROM client_sources WHERE principal = $1", _of_producer(producer))
    if freed == "DELETE 0":
        return False
    await _audit(connection, "producer remove", producer, OPERATOR)
    return True


async def bind_sources(tx: Tx, principal: Principal, sources: Iterable[str], *, first_use: bool) -> set[str]:
    """Those of `sources` that are not the principal's.

    Its own are what it was granted; where nothing was granted (tokens of the environment), what it is the first to use,
    which binds it, if `first_use` counts here. Staff use whatever is nobody's, and bind nothing.
    """
    asked = sorted(set(sources))
    if first_use and not principal.is_staff and not principal.granted:
        await tx.execute(
            """
            INSERT INTO client_sources (source, principal)
            SELECT source, $2 FROM unnest($1::text[]) AS asked (source)
            WHERE NOT starts_with(source, $3) ORDER BY source
            ON CONFLICT (source) DO NOTHING
            """,
            asked,
            principal.name,
            _OUR_OWN,
        )
    # A statement of its own: whoever waited for another's INSERT sees here what that one has bound.
    rows = await tx.fetch("SELECT source, principal FROM client_sources WHERE source = ANY($1::text[])", asked)
    bound = {row["source"]: row["principal"] for row in rows}
    if principal.is_staff:
        return {source for source in asked if bound.get(source, principal.name) != principal.name}
    return {source for source in asked if bound.get(source) != principal.name}


def _of_producer(name: str) -> str:
    return f"producer/{name}"


async def _was_heard_of(connection: Connection, name: str) -> bool:
    """Whether somebody asked by this name whom `clients` never knew: a version before this one was told of them."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM audit WHERE principal = $1)", f"token/{name}")
    return found


async def _grant(connection: Connection, principal: str, sources: Sequence[str]) -> None:
    if ours := [source for source in sources if source.startswith(_OUR_OWN)]:
        raise NotDoneError("source_taken", f"{ours[0]} is a source of our own")
    await connection.execute(
        """
        INSERT INTO client_sources (source, principal) SELECT source, $2 FROM unnest($1::text[]) AS asked (source)
        ON CONFLICT (source) DO NOTHING
        """,
        sources,
        principal,
    )
    rows = await connection.fetch(
        "SELECT source, principal FROM client_sources WHERE source = ANY($1::text[]) AND principal <> $2",
        sources,
        principal,
    )
    if rows:
        raise NotDoneError("source_taken", f"{rows[0]['source']} is the source of {rows[0]['principal']}")


async def _hold(connection: Connection, name: str) -> None:
    """Nobody else changes how it stands until COMMIT; two that come at once take their turns."""
    await connection.execute("SELECT FROM clients WHERE name = $1 FOR UPDATE", name)


async def _insert(connection: Connection, name: str, digest: bytes, until: datetime, by: str) -> None:
    await connection.execute(
        "INSERT INTO client_tokens (sha256, client, expires_at, made_by) VALUES ($1, $2, $3, $4)",
        digest,
        name,
        until,
        by,
    )


async def _audit(connection: Connection, act: str, name: str, by: str) -> None:
    await connection.execute(
        """
        INSERT INTO audit (principal, actor, route, command, status, correlation_id)
        VALUES ($3, $3, $1, $2, 200, gen_random_uuid()::text)
        """,
        act,
        name,
        by,
    )
