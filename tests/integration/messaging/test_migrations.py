"""Migrations go forward only, one at a time, and a service refuses a database that is older than itself."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.locations import ROOT
from shared.contracts import catalogue
from shared.storage import migrate as migrations
from shared.storage.migrate import SHARED, Migration, MigrationError, Stream, check, migrate
from shared.storage.pool import count_start
from tests.support.eventually import eventually
from tests.support.servers import MakeDatabase

FIRST = Migration(1, "first", "CREATE TABLE claims (id bigint PRIMARY KEY)")
SECOND = Migration(2, "second", "ALTER TABLE claims ADD COLUMN net_ore bigint")

SOON_S = 8
"""Longer than a statement takes, shorter than anybody waits for a lock."""


CREATED = re.compile(r"CREATE TABLE (\w+) \((.*?)^\);", re.DOTALL | re.MULTILINE)
COLUMN = re.compile(r"^    (?!PRIMARY|UNIQUE|CHECK|CONSTRAINT|FOREIGN)(\w+) \w", re.MULTILINE)
ALTERED = re.compile(r"ALTER TABLE (\w+)(.*?);", re.DOTALL)
ADDED = re.compile(r"ADD COLUMN (\w+)")
LONG_SINCE = {
    ("enrollment", "sign_ups", "number"),
    ("enrollment", "sign_ups", "programme_id"),
    ("enrollment", "sign_ups", "organisation_code"),
    ("enrollment", "sign_ups", "email_key"),
    ("notifications", "reminders", "put_in_by"),
    ("notifications", "digest_items", "stored_at"),
}
"""Called as columns of other tables are, which no statement of any version joins with theirs."""


@pytest.mark.parametrize("service", catalogue.SERVICES)
def test_a_new_column_makes_no_statement_of_the_version_before_ambiguous(service: str) -> None:
    """It joins tables and names their columns without saying whose: of each name there may be one."""
    tables: dict[str, set[str]] = {}
    taken = set()
    for file in sorted((ROOT / "services" / service / "migrations").glob("*.sql")):
        sql = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
        for table, altered in ALTERED.findall(sql):
            for column in ADDED.findall(altered):
                taken |= {
                    (service, table, column) for other, names in tables.items() if other != table and column in names
                }
                tables[table].add(column)
        tables |= {table: set(COLUMN.findall(columns)) for table, columns in CREATED.findall(sql)}
    assert len(tables) > 1
    assert taken == {one for one in LONG_SINCE if one[0] == service}


async def test_a_database_grows_step_by_step_and_the_runtime_role_changes_rows_only(database: MakeDatabase) -> None:
    made = await database()
    runtime = urlsplit(made.url).username
    old, new = Stream("invoicing", (FIRST,)), Stream("invoicing", (FIRST, SECOND))
    with pytest.raises(MigrationError, match=r"no tables yet\. Run: python -m services\.invoicing migrate"):
        await _check(made.url, new)
    assert await migrate(made.owner_url, [SHARED, old], runtime) == [
        *(f"shared/{m.number:04d}_{m.name}" for m in SHARED.migrations),
        "invoicing/0001_first",
    ]
    with pytest.raises(MigrationError, match="older than this version: invoicing is at 1, needed is 2"):
        await _check(made.url, new)
    found = await asyncio.gather(*[migrate(made.owner_url, [SHARED, new], runtime) for _ in range(3)])
    assert sorted(found) == [[], [], ["invoicing/0002_second"]]
    await _check(made.url, new)
    await _check(made.url, old)
    connection = await asyncpg.connect(made.url)
    try:
        await connection.execute("INSERT INTO claims VALUES (1, 2)")
        await connection.execute("SELECT outbox_sent_make_partitions(30)")
        for forbidden in (
            "CREATE TABLE mine (id int)",
            "DROP TABLE claims",
            "DELETE FROM schema_versions",
            "DROP TABLE outbox_sent",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        assert [await count_start(connection, "worker") for _ in range(3)] == [1, 2, 3]
    finally:
        await connection.close()


async def test_a_migration_that_was_changed_after_it_was_applied_is_an_error(database: MakeDatabase) -> None:
    made = await database()
    await migrate(made.owner_url, [Stream("invoicing", (FIRST,))])
    changed = Migration(1, "first", FIRST.sql + " -- better")
    with pytest.raises(MigrationError, match="invoicing/0001_first was changed after it had been applied"):
        await migrate(made.owner_url, [Stream("invoicing", (changed,))])


async def test_a_migration_that_fails_leaves_nothing_of_itself(database: MakeDatabase) -> None:
    made = await database()
    broken = Migration(2, "broken", "CREATE TABLE half (id int); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(made.owner_url, [Stream("invoicing", (FIRST, broken))])
    assert await migrate(made.owner_url, [Stream("invoicing", (FIRST, SECOND))]) == ["invoicing/0002_second"]


async def test_a_migration_waits_for_who_reads_and_nobody_waits_for_it(
    database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "FIRST_PAUSE_S", 0.05)
    made = await database()
    await migrate(made.owner_url, [Stream("invoicing", (FIRST,))])
    reader, other = await asyncpg.connect(made.owner_url), await asyncpg.connect(made.owner_url)
    try:
        await reader.execute("BEGIN; SELECT count(*) FROM claims")
        migrating = asyncio.create_task(migrate(made.owner_url, [Stream("invoicing", (FIRST, SECOND))]))
        waiting = "SELECT true FROM pg_locks WHERE relation = 'claims'::regclass AND NOT granted"
        for _ in range(3):
            await eventually(lambda: reader.fetchval(waiting), because="the migration asks for the table")
            async with asyncio.timeout(SOON_S):
                await other.execute("INSERT INTO claims SELECT coalesce(max(id), 0) + 1 FROM claims")
        assert not migrating.done()
        await reader.execute("COMMIT")
        assert await migrating == ["invoicing/0002_second"]
        assert await other.fetchval("SELECT count(net_ore) + count(*) FROM claims") == 3
    finally:
        await reader.close()
        await other.close()


async def test_a_migration_that_meets_somebody_in_a_deadlock_is_tried_again(
    database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that makes an index first and changes the table then; the other has read the table, and writes to it now."""
    monkeypatch.setattr(migrations, "LOCK_WAIT_MS", SOON_S * 1_000)
    monkeypatch.setattr(migrations, "FIRST_PAUSE_S", 0.05)
    second = Migration(2, "second", f"CREATE INDEX ON claims (id); SELECT pg_advisory_xact_lock(7); {SECOND.sql}")
    made = await database()
    await migrate(made.owner_url, [Stream("invoicing", (FIRST,))])
    writer, other = await asyncpg.connect(made.owner_url), await asyncpg.connect(made.owner_url)

    async def wait(kind: str) -> bool:
        here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        waits = f"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = $1 AND NOT granted AND {here})"
        return bool(await other.fetchval(waits, kind))

    try:
        await other.execute("SELECT pg_advisory_lock(7)")
        await writer.execute("BEGIN; SELECT count(*) FROM claims")
        migrating = asyncio.create_task(migrate(made.owner_url, [Stream("invoicing", (FIRST, second))]))
        await eventually(lambda: wait("advisory"), because="the migration has its index")
        writing = asyncio.create_task(writer.execute("INSERT INTO claims VALUES (1); COMMIT"))
        await eventually(lambda: wait("relation"), because="who has read the table wants to write to it")
        await other.execute("SELECT pg_advisory_unlock(7)")
        assert await migrating == ["invoicing/0002_second"]
        await writing
        assert await other.fetchval("SELECT count(net_ore) + count(*) FROM claims") == 1
    finally:
        await writer.close()
        await other.close()


async def test_a_table_that_is_never_free_is_an_error_that_says_so(
    database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "LOCK_WAIT_MS", 1)
    monkeypatch.setattr(migrations, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(migrations, "TRIES", 3)
    made = await database()
    await migrate(made.owner_url, [Stream("invoicing", (FIRST,))])
    reader = await asyncpg.connect(made.owner_url)
    try:
        await reader.execute("BEGIN; SELECT count(*) FROM claims")
        with pytest.raises(MigrationError, match="invoicing/0002_second could not be applied: its tables are in use"):
            await migrate(made.owner_url, [Stream("invoicing", (FIRST, SECOND))])
    finally:
        await reader.close()


def test_numbers_have_no_gap() -> None:
    with pytest.raises(MigrationError, match="not numbered"):
        Stream("invoicing", (FIRST, Migration(3, "third", "SELECT 1")))


async def _check(url: str, stream: Stream) -> None:
    connection = await asyncpg.connect(url)
    try:
        await check(connection, [SHARED, stream], "invoicing")
    finally:
        await connection.close()
