"""Clients: other systems, and people, whose tokens are made, exchanged and revoked while the service runs.

Each service keeps its own (`clients`, `client_tokens`, `client_sources`); `deploy.local.tokens` writes them in all of
them. Machine time throughout. A name that was used stays, with what it put in and its sources: nobody else gets them.
So it is of the environment or made here, and what it is once, staff's or a client's, it is for good: what staff put in
would be shown to a client of their name. Sources of producers on Kafka are kept beside those of tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.storage.tx import Connection, Tx
from shared.web.scopes import STAFF
from shared.web.tokens import Principal, Tokens

OVERLAP = timedelta(hours=24)
"""How long an exchanged token goes on opening what it did, so that nothing stops meanwhile."""
_OUR_OWN = "/tovholder/"
_KEEP = "INSERT INTO clients (name, scopes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET name = excluded.name"
"""The name is there, and nobody else changes what it is until COMMIT."""


class NotDoneError(Exception):
    """The sentence says why nothing was changed."""


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
    connection: Connection, name: str, digest: bytes, scopes: Sequence[str], sources: Iterable[str], until: datetime
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
        raise NotDoneError(f"{name} is a name of the environment (TOVHOLDER_API_TOKENS): take another")
    if was_staff != (STAFF in scopes):
        raise NotDoneError(f"{name} is {'staff' if was_staff else 'a client'} for good: take another")
    if known["is_new"] and await _was_heard_of(connection, name):
        raise NotDoneError(f"{name} was a name of the environment, before names were kept: take another")
    live = await connection.fetchval(
        "SELECT count(*) FROM client_tokens WHERE client = $1 AND expires_at > clock_timestamp()", name
    )
    if live:
        raise NotDoneError(f"{name} has a token already: renew it, or revoke it first")
    await connection.execute("UPDATE clients SET scopes = $2 WHERE name = $1", name, list(scopes))
    await _grant(connection, f"token/{name}", sorted(set(sources)))
    await _insert(connection, name, digest, until)
    await _audit(connection, "token add", name)


async def renew_token(connection: Connection, name: str, digest: bytes, until: datetime) -> None:
    """Another token that opens the same; those there are end within OVERLAP. NotDoneError if there is none."""
    changed = await connection.execute(
        """
        UPDATE client_tokens SET expires_at = least(expires_at, clock_timestamp() + $2)
        WHERE client = $1 AND expires_at > clock_timestamp()
        """,
        name,
        OVERLAP,
    )
    if changed == "UPDATE 0":
        raise NotDoneError(f"{name} has no token that could be exchanged")
    await _insert(connection, name, digest, until)
    await _audit(connection, "token renew", name)


async def revoke_tokens(connection: Connection, name: str, *, release: bool = False) -> None:
    """None of them opens anything from now on; with `release` its sources can be granted to another."""
    changed = await connection.execute(
        "UPDATE client_tokens SET expires_at = clock_timestamp() WHERE client = $1 AND expires_at > clock_timestamp()",
        name,
    )
    freed = "DELETE 0"
    if release:
        freed = await connection.execute("DELETE FROM client_sources WHERE principal = $1", f"token/{name}")
    if changed == "UPDATE 0" and freed == "DELETE 0":
        raise NotDoneError(f"{name} has no token that could be revoked")
    await _audit(connection, "token revoke", name)


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
    await _audit(connection, "producer add", producer)


async def release_sources(connection: Connection, producer: str) -> bool:
    """They can be granted to another; whether there were any."""
    freed = await connection.execute("DELETE FROM client_sources WHERE principal = $1", _of_producer(producer))
    if freed == "DELETE 0":
        return False
    await _audit(connection, "producer remove", producer)
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
        raise NotDoneError(f"{ours[0]} is a source of our own")
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
        raise NotDoneError(f"{rows[0]['source']} is the source of {rows[0]['principal']}")


async def _insert(connection: Connection, name: str, digest: bytes, until: datetime) -> None:
    await connection.execute(
        "INSERT INTO client_tokens (sha256, client, expires_at) VALUES ($1, $2, $3)", digest, name, until
    )


async def _audit(connection: Connection, act: str, name: str) -> None:
    await connection.execute(
        """
        INSERT INTO audit (principal, actor, route, command, status, correlation_id)
        VALUES ('operator', 'operator', $1, $2, 200, gen_random_uuid()::text)
        """,
        act,
        name,
    )
