"""Forward-only migrations in streams: `shared` first, then the service's own.

Only `python -m services.<name> migrate` changes tables, as the role that owns them. A running service only checks: an
older schema is refused with a sentence, a newer one is fine, because every migration keeps the old version working.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from shared.base.waiting import Backoff
from shared.storage.pool import CONNECT_TIMEOUT_S
from shared.storage.tx import Connection, Pool

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 7_405_611_230_001
"""Advisory lock of whoever migrates a database; two at once would both find the same migration missing."""
LOCK_WAIT_MS = 500
"""How long a migration waits for a table: meanwhile everybody else who wants it stands in line behind."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
TRIES = 60
"""Of one migration, about nine minutes; a backup that reads for longer is to end first."""

_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions (
    number integer NOT NULL CHECK (number > 0),
    stream text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (number, stream)
)
"""


class MigrationError(Exception):
    """The sentence says what does not fit and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Stream:
    """Migrations numbered 1, 2, 3 … without a gap."""

    name: str
    migrations: tuple[Migration, ...]

    def __post_init__(self) -> None:
        numbers = [migration.number for migration in self.migrations]
        if numbers != list(range(1, len(numbers) + 1)):
            raise MigrationError(f"the migrations of {self.name} are not numbered 1, 2, 3 …: {numbers}")

    @classmethod
    def read(cls, name: str, folder: Path) -> Stream:
        """The files `0001_name.sql`, `0002_name.sql` … of a folder."""
        found = []
        for path in sorted(folder.glob("*.sql")):
            match = _FILE.fullmatch(path.name)
            if match is None:
                raise MigrationError(f"{path.name} is no migration: expected a name such as 0001_claims.sql")
            found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
        return cls(name, tuple(found))


SHARED = Stream(
    "shared",
    (
        Migration(1, "messaging", Path(__file__).with_name("messaging.sql").read_text(encoding="utf-8")),
        Migration(2, "runtime", Path(__file__).with_name("runtime.sql").read_text(encoding="utf-8")),
        Migration(3, "operating", Path(__file__).with_name("operating.sql").read_text(encoding="utf-8")),
        Migration(4, "partitions", Path(__file__).with_name("partitions.sql").read_text(encoding="utf-8")),
        Migration(5, "reading", Path(__file__).with_name("reading.sql").read_text(encoding="utf-8")),
        Migration(6, "growth", Path(__file__).with_name("growth.sql").read_text(encoding="utf-8")),
        Migration(7, "tokens", Path(__file__).with_name("tokens.sql").read_text(encoding="utf-8")),
        Migration(8, "names", Path(__file__).with_name("names.sql").read_text(encoding="utf-8")),
        Migration(9, "dead_letters", Path(__file__).with_name("dead_letters.sql").read_text(encoding="utf-8")),
        Migration(10, "erasure", Path(__file__).with_name("erasure.sql").read_text(encoding="utf-8")),
        Migration(11, "sessions", Path(__file__).with_name("sessions.sql").read_text(encoding="utf-8")),
        Migration(12, "clients", Path(__file__).with_name("clients.sql").read_text(encoding="utf-8")),
    ),
)
"""Outbox, inbox, answered requests and what belongs to them; before every service's own stream."""


async def migrate(owner_dsn: str, streams: Sequence[Stream], runtime_role: str | None = None) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own; returns the names of the applied ones.

    `runtime_role` gets the rows of every table and sequence and no DDL. Raises MigrationError when a migration was
    changed after it had been applied.
    """
    connection = await asyncpg.connect(owner_dsn, timeout=CONNECT_TIMEOUT_S, server_settings={"search_path": "public"})
    try:
        await connection.fetchval("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(_VERSIONS)
        applied = []
        for stream in streams:
            applied += await _apply(connection, stream)
        if runtime_role is not None:
            await _grant(connection, runtime_role)
        return applied
    finally:
        await connection.close()


async def _apply(connection: Connection, stream: Stream) -> list[str]:
    known = await _known(connection, stream)
    applied = []
    for migration in stream.migrations:
        label = f"{stream.name}/{migration.number:04d}_{migration.name}"
        if migration.number in known:
            if known[migration.number] != migration.sha256:
                raise MigrationError(
                    f"{label} was changed after it had been applied. Restore the file and add a new migration instead."
                )
            continue
        await _apply_between_readers(connection, stream, migration, label)
        applied.append(label)
    return applied


async def _apply_between_readers(connection: Connection, stream: Stream, migration: Migration, label: str) -> None:
    """The version before goes on working meanwhile: a table that somebody reads is asked for again and again, briefly.

    Waited for, it would be closed to everybody from the moment that it is asked for.
    """
    backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    while True:
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_versions (stream, number, name, sha256) VALUES ($1, $2, $3, $4)",
                    stream.name,
                    migration.number,
                    migration.name,
                    migration.sha256,
                )
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            pause = backoff.failed()
            if backoff.failures == TRIES:
                raise MigrationError(
                    f"{label} could not be applied: its tables are in use without a pause. Let the long transaction "
                    "(SELECT * FROM pg_stat_activity ORDER BY xact_start) end, then run it again."
                ) from None
        else:
            return
        await asyncio.sleep(pause)


async def _known(connection: Connection, stream: Stream) -> dict[int, str]:
    rows = await connection.fetch("SELECT number, sha256 FROM schema_versions WHERE stream = $1", stream.name)
    return {row["number"]: row["sha256"] for row in rows}


async def _grant(connection: Connection, role: str) -> None:
    # DDL takes no parameters, so the server itself does the quoting.
    quoted = await connection.fetchval("SELECT quote_ident($1)", role)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {quoted}",
        f"REVOKE INSERT, UPDATE, DELETE ON schema_versions FROM {quoted}",
    ):
        await connection.execute(statement)


async def check(connection: Connection | Pool, streams: Sequence[Stream], service: str) -> None:
    """Raise MigrationError unless the database has every migration of `streams`; newer ones are fine."""
    if await connection.fetchval("SELECT to_regclass('public.schema_versions') IS NULL"):
        raise MigrationError(f"the database has no tables yet. Run: python -m services.{service} migrate")
    for stream in streams:
        sql = "SELECT coalesce(max(number), 0) FROM schema_versions WHERE stream = $1"
        newest = await connection.fetchval(sql, stream.name)
        needed = len(stream.migrations)
        if newest < needed:
            raise MigrationError(
                f"the database is older than this version: {stream.name} is at {newest}, needed is {needed}. "
                f"Run: python -m services.{service} migrate"
            )
