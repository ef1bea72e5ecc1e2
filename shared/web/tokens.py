"""Bearer tokens of the API (RFC 6750): only their SHA-256 is known to a service (ASVS 6.5.2).

Some stand in the environment and hold as long as the process; the others lie in the database, with an end, and are
made and revoked while it runs (`shared.web.clients`). A token is a client's, or staff's: of what clients put in, each
sees and changes its own alone (`Cause.client`).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from shared.base.cause import client_actor
from shared.base.clock import machine_now
from shared.storage.tx import Pool
from shared.web.scopes import STAFF, opened

PREFIX = "tovholder_"
"""Of every token that is made here: whoever finds one knows what it is, and nothing else is looked up."""
TOKEN_BYTES = 32
OF_INSTALLATIONS = frozenset({"local", "compose"})
"""Whom `tovholder up` and compose give a token of staff, in the environment."""
USED_EVERY = timedelta(hours=1)
"""How often it is written down that a token is used; what is known of it is no older than that and a batch."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
SCOPE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,98}")
_MADE_HERE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")


@dataclass(frozen=True)
class Principal:
    """Who asks; `name` is `token/<name>` and stands in logs, audit and stored answers.

    `granted`: the sources of its events were granted one by one, so that it binds none by using it.
    """

    name: str
    scopes: frozenset[str]
    granted: bool = False

    @property
    def is_staff(self) -> bool:
        return STAFF in self.scopes

    @property
    def actor(self) -> str:
        """As it stands in causes: there a client is told from staff, so that it stays with its own things."""
        return self.name if self.is_staff else client_actor(self.name)

    @cached_property
    def opens(self) -> frozenset[str]:
        return opened(self.scopes)

    def may(self, scope: str) -> bool:
        return self.is_staff or scope in self.opens


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """Those of the environment."""

    by_digest: tuple[tuple[bytes, Principal], ...]

    def principal(self, token: str) -> Principal | None:
        """Whose token it is. Every known digest is compared, in constant time each, whichever one fits."""
        presented = digest_of(token)
        found: Principal | None = None
        for digest, principal in self.by_digest:
            if hmac.compare_digest(digest, presented):
                found = principal
        return found


class Keyring:
    """Every token that opens something here: those of the environment, and those of the database as it is now."""

    def __init__(self, tokens: Tokens, pool: Pool) -> None:
        self._tokens = tokens
        self._pool = pool
        self.closed: frozenset[str] = frozenset()
        """Of the environment, whose name is another's (`shared.web.clients.keep_names`): they open nothing."""
        self._noted: dict[bytes, datetime] = {}
        self._used: dict[bytes, tuple[str, datetime]] = {}

    async def principal(self, token: str) -> Principal | None:
        """Whose token it is; None for one that nobody has, or that has ended (machine time)."""
        found = await self._principal(token)
        if found is not None:
            self._note_used(digest_of(token), found)
        return found

    def _note_used(self, digest: bytes, principal: Principal) -> None:
        """In memory; `write_used` writes it down. Of the tokens that there are, so that it stays small."""
        now = machine_now()
        if digest not in self._noted or now >= self._noted[digest] + USED_EVERY:
            self._noted[digest] = now
            self._used[digest] = (principal.name.removeprefix("token/"), now)

    async def write_used(self) -> int:
        """All that were used since the last time, in one statement each for tokens and names; how many there were."""
        used, self._used = self._used, {}
        if not used:
            return 0
        try:
            # In the order of their keys, as others lock them.
            ordered = sorted(used.items())
            await self._pool.execute(
                """
                UPDATE client_tokens t SET last_used_at = greatest(t.last_used_at, used_at)
                FROM unnest($1::bytea[], $2::timestamptz[]) AS used (digest, used_at) WHERE t.sha256 = digest
                """,
                [digest for digest, _ in ordered],
                [at for _, (_, at) in ordered],
            )
            latest: dict[str, datetime] = {}
            for name, at in used.values():
                latest[name] = max(at, latest.get(name, at))
            names = sorted(latest.items())
            await self._pool.execute(
                """
                UPDATE clients c SET last_used_at = greatest(c.last_used_at, used_at)
                FROM unnest($1::text[], $2::timestamptz[]) AS used (called, used_at) WHERE c.name = called
                """,
                [name for name, _ in names],
                [at for _, at in names],
            )
        except BaseException:
            self._used = used | self._used
            raise
        return len(used)

    async def _principal(self, token: str) -> Principal | None:
        known = self._tokens.principal(token)
        if known is not None:
            return None if known.name in self.closed else known
        if not _MADE_HERE.fullmatch(token):
            return None
        row = await self._pool.fetchrow(
            """
            SELECT name, scopes FROM client_tokens JOIN clients ON name = client
            WHERE sha256 = $1 AND expires_at > clock_timestamp()
            """,
            digest_of(token),
        )
        return None if row is None else Principal(f"token/{row['name']}", frozenset(row["scopes"]), granted=True)

    async def note_refused(self, principal: Principal, route: str, scope: str, correlation_id: str) -> None:
        """Into the audit: somebody we know asked for what is not theirs. Once a minute, for the audit is for good."""
        await self._note_refused(principal.name, principal.actor, route, scope, correlation_id)

    async def note_refused_staff(self, actor: str, route: str, scope: str, correlation_id: str) -> None:
        """As `note_refused`, of somebody who is signed in."""
        await self._note_refused(actor, actor, route, scope, correlation_id)

    async def _note_refused(self, principal: str, actor: str, route: str, scope: str, correlation_id: str) -> None:
        await self._pool.execute(
            """
            INSERT INTO audit (principal, actor, route, command, status, correlation_id)
            SELECT $1, $2, $3, $4, 403, $5 WHERE NOT EXISTS (
                SELECT FROM audit WHERE at > now() - interval '1 minute' AND status = 403
                    AND principal = $1 AND route = $3 AND command = $4
            )
            """,
            principal,
            actor,
            route,
            scope,
            correlation_id,
        )


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def read_tokens(text: str) -> Tokens:
    """From `name:sha256hex[:scope+scope],…`; without scopes the token is staff's. ValueError never repeats the text."""
    read: dict[bytes, Principal] = {}
    names: set[str] = set()
    for place, item in enumerate((part.strip() for part in text.split(",") if part.strip()), start=1):
        name, _, rest = item.partition(":")
        digest, _, scopes = rest.partition(":")
        wanted = frozenset(scopes.split("+")) if scopes else frozenset({STAFF})
        if not (NAME.fullmatch(name) and _SHA256.fullmatch(digest) and all(map(SCOPE.fullmatch, wanted))):
            raise ValueError(f"API token {place} is not name:sha256hex[:scope+scope]")
        if name in names or bytes.fromhex(digest) in read:
            raise ValueError(f"API token {place} is there twice")
        names.add(name)
        read[bytes.fromhex(digest)] = Principal(f"token/{name}", wanted)
    return Tokens(tuple(read.items()))
