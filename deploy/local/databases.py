"""One database and two roles per service, on any PostgreSQL.

`<service>_owner` owns `tovholder_<service>` and may change its schema; `<service>` reads and writes rows, makes
nothing, and reaches no other database. All is repeatable: passwords are set to those given, rights to those here.
`python -m deploy.local.databases --admin-url URL --passwords FILE` does it for every service; the file has one
`role=password` a line, and the administrator's password is its `postgres` line unless the URL has one.
"""

from __future__ import annotations

import argparse
import asyncio
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.local.errors import StackError
from deploy.local.locations import service_names


def database_name(service: str) -> str:
    """The database of a service."""
    return f"tovholder_{service}"


def roles(service: str) -> tuple[str, str]:
    """The owner role (changes the schema) and the runtime role (changes rows)."""
    return f"{service}_owner", service


def url_for(admin_url: str, *, role: str, password: str, database: str) -> str:
    """The same server as `admin_url`, as another role in another database."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{host}", path=f"/{database}"))


async def ensure_databases(admin_url: str, passwords: Mapping[str, str], services: Iterable[str] | None = None) -> None:
    """Makes what is missing for each service; `passwords` is by role name."""
    connection = await asyncpg.connect(admin_url)
    try:
        for service in services or service_names():
            await ensure_roles(connection, service, passwords)
            name = database_name(service)
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}" OWNER "{roles(service)[0]}"')
            await close_to_others(connection, name, service)
            owner = roles(service)[0]
            await grant_rows(url_for(admin_url, role=owner, password=passwords[owner], database=name))
    finally:
        await connection.close()


async def ensure_roles(connection: asyncpg.Connection, service: str, passwords: Mapping[str, str]) -> None:
    """Both roles of a service, with these passwords and no further power."""
    for role in roles(service):
        exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        # DDL takes no parameters, so the server itself does the quoting.
        statement = await connection.fetchval(
            "SELECT format('%s ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD %L',"
            " $1::text, $2::text, $3::text)",
            "ALTER" if exists else "CREATE",
            role,
            passwords[role],
        )
        await connection.execute(statement)


async def close_to_others(connection: asyncpg.Connection, database: str, service: str) -> None:
    """Only the service's two roles may connect. Rights on a database are not copied with a template."""
    owner, runtime = roles(service)
    await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await connection.execute(f'ALTER DATABASE "{database}" OWNER TO "{owner}"')
    await connection.execute(f'GRANT CONNECT, TEMPORARY ON DATABASE "{database}" TO "{runtime}"')
    for role in (owner, runtime):
        await connection.execute(f'ALTER ROLE "{role}" IN DATABASE "{database}" SET search_path = public')


async def grant_rows(owner_url: str) -> None:
    """What the owner makes from now on, the runtime role may read and write, and nothing more."""
    runtime = (urlsplit(owner_url).username or "").removesuffix("_owner")
    connection = await asyncpg.connect(owner_url)
    try:
        for rights, kind in (
            ("SELECT, INSERT, UPDATE, DELETE", "TABLES"),
            ("USAGE, SELECT", "SEQUENCES"),
            ("USAGE", "SCHEMAS"),
        ):
            await connection.execute(f'ALTER DEFAULT PRIVILEGES GRANT {rights} ON {kind} TO "{runtime}"')
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a database held before its service ran: the rows of each table as PostgreSQL copies them, and sequences."""

    rows: Mapping[str, bytes]
    sequences: Mapping[str, tuple[int, bool]]


async def read_beginning(admin_url: str, service: str) -> Beginning:
    """How the database is now, for `begin_again`; meant for one that has just been migrated, and is almost empty."""
    connection = await asyncpg.connect(_inside(admin_url, service))
    try:
        rows = {}
        for (table,) in await connection.fetch(_TABLES):
            if await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table}")'):
                copied = io.BytesIO()
                await connection.copy_from_table(table, output=copied, format="binary")
                rows[table] = copied.getvalue()
        sequences = {
            name: tuple(await connection.fetchrow(f'SELECT last_value, is_called FROM "{name}"') or (1, False))
            for (name,) in await connection.fetch(_SEQUENCES)
        }
        return Beginning(rows, sequences)
    finally:
        await connection.close()


async def begin_again(admin_url: str, service: str, beginning: Beginning) -> None:
    """The database as it was then, if nobody has changed its tables; whoever is connected is cut off.

    A tenth of what it takes to copy a database, which waits for the disk.
    """
    connection = await asyncpg.connect(_inside(admin_url, service))
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        async with connection.transaction():
            # No trigger keeps invoices from being removed, and rows that point at each other come back in any order.
            await connection.execute("SET LOCAL session_replication_role = replica")
            tables = [table for (table,) in await connection.fetch(_TABLES)]
            await connection.execute("TRUNCATE " + ", ".join(f'"{table}"' for table in tables))
            for table, rows in beginning.rows.items():
                await connection.copy_to_table(table, source=io.BytesIO(rows), format="binary")
            for name, (last, called) in beginning.sequences.items():
                await connection.execute("SELECT setval($1::regclass, $2, $3)", f'"{name}"', last, called)
    finally:
        await connection.close()


def _inside(admin_url: str, service: str) -> str:
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{database_name(service)}"))


_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
AND NOT relispartition ORDER BY relname
"""
_SEQUENCES = (
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' ORDER BY relname"
)


def read_passwords(path: Path) -> dict[str, str]:
    """`role=password` lines. A line of another form is an error that names its number and not its text."""
    found = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        role, equals, password = line.strip().partition("=")
        if not line.strip():
            continue
        if not (role and equals and password):
            raise StackError(f"{path}:{number}: expected role=password")
        found[role] = password
    return found


def main() -> None:
    """Makes the databases and roles of every service."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.databases", description=main.__doc__)
    parser.add_argument("--admin-url", required=True, help="postgresql://… of a role that may make databases")
    parser.add_argument("--passwords", required=True, type=Path, help="file of role=password lines")
    options = parser.parse_args()
    passwords = read_passwords(options.passwords)
    asyncio.run(ensure_databases(_with_password(options.admin_url, passwords), passwords))


def _with_password(url: str, passwords: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    role = parts.username or "postgres"
    if parts.password or role not in passwords:
        return url
    return url_for(url, role=role, password=passwords[role], database=parts.path.lstrip("/") or "postgres")


if __name__ == "__main__":
    main()
